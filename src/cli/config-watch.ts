import { createHash } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { filesIn } from '../config/interpolate.ts'

/** A file being written looks torn: it counts once two looks this far apart see the same. */
const settleMs = 50
/** Some file systems never tell that something has changed, and some machines have no more watches to give. */
const lookEveryMs = 500

/**
 * Tells when a configuration, or a file that it takes a secret from, has other content than before. It is the content that
 * counts: editors put another file in its place, Kubernetes turns a link to another folder, and some only touch it.
 */
export class ConfigWatch {
  readonly #file: string
  readonly #onChange: () => void
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #ticker: NodeJS.Timeout
  #soon: NodeJS.Timeout | undefined
  #known: string
  /** Seen once, and perhaps not written to its end. */
  #fresh: string | undefined
  #looking = false
  #closed = false

  constructor(file: string, known: Snapshot, onChange: () => void) {
    this.#file = file
    this.#known = known.print
    this.#onChange = onChange
    this.#ticker = setInterval(() => void this.#look(), lookEveryMs).unref()
    this.#follow(known.folders)
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#ticker)
    clearTimeout(this.#soon)
    this.#follow(new Set())
  }

  async #look(): Promise<void> {
    if (this.#looking || this.#closed) return
    this.#looking = true
    const { print, folders } = await snapshotOf(this.#file)
    this.#looking = false
    if (this.#closed) return
    this.#follow(folders)
    if (print === this.#known) this.#fresh = undefined
    else if (print === this.#fresh) {
      this.#known = print
      this.#fresh = undefined
      this.#onChange()
    } else {
      this.#fresh = print
      this.#lookSoon()
    }
  }

  readonly #lookSoon = (): void => {
    if (this.#closed || this.#soon !== undefined) return
    this.#soon = setTimeout(() => {
      this.#soon = undefined
      void this.#look()
    }, settleMs).unref()
  }

  /** Watches folders, for a watched file is gone with the first editor that renames another over it. */
  #follow(folders: ReadonlySet<string>): void {
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue
      try {
        const watcher = watch(folder, { persistent: false }, this.#lookSoon)
        watcher.on('error', () => watcher.close())
        this.#watchers.set(folder, watcher)
      } catch {
        // The ticker looks all the same.
      }
    }
  }
}

/** What there was to read, as one word, and the folders in which a change of it would show. */
export interface Snapshot {
  readonly print: string
  readonly folders: ReadonlySet<string>
}

/** Reads without making anybody wait: a share in the network that hangs must not stop the gateway. */
export async function snapshotOf(file: string): Promise<Snapshot> {
  const hash = createHash('sha256')
  const folders = new Set<string>()
  const text = await contentOf(file, folders)
  for (const content of [
    text,
    ...(await Promise.all(filesIn(text, dirname(file)).map((one) => contentOf(one, folders)))),
  ])
    hash.update(`${content.length}:${content}`)
  return { print: hash.digest('hex'), folders }
}

async function contentOf(file: string, folders: Set<string>): Promise<string> {
  folders.add(dirname(file))
  try {
    folders.add(dirname(await realpath(file)))
    // A pipe can be read only once, and that was at the start.
    return (await stat(file)).isFile() ? await readFile(file, 'utf8') : ''
  } catch (error) {
    return `- ${(error as NodeJS.ErrnoException).code}`
  }
}
