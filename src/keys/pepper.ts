import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * What is mixed into the digest of every key, and is not in the database: whoever has stolen that has no way to try keys
 * on it. All gateways that share a database need the same.
 */
export interface Pepper {
  /** Undefined where no key was ever made here. Throws a PepperFault where it is there and cannot be used. */
  read(): Seasoning | undefined
  /** Makes one where there is none. */
  make(): Seasoning
}

/** How keys are digested. */
export interface Seasoning {
  readonly digest: (key: string) => string
  /** Tells this pepper from another one, and nothing about it. */
  readonly mark: string
}

/** In words for people. */
export class PepperFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'PepperFault'
  }
}

const lettersMin = 32

interface PepperSource {
  readonly dataDir: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** From SPILLWAY_PEPPER, else from a file in the data folder that only its owner may read. */
export function pepperIn({ dataDir, env }: PepperSource): Pepper {
  const file = join(dataDir, 'pepper')
  const { SPILLWAY_PEPPER: given } = env
  const known = (): string | undefined => given ?? (existsSync(file) ? readOwn(file) : undefined)
  const read = (): Seasoning | undefined => {
    const secret = known()
    return secret === undefined ? undefined : seasoningOf(secret.trim(), given === undefined ? file : 'SPILLWAY_PEPPER')
  }
  return {
    read,
    make() {
      if (known() === undefined) writeOnce(file, `${randomBytes(32).toString('hex')}\n`)
      return read()!
    },
  }
}

function seasoningOf(secret: string, source: string): Seasoning {
  if (secret.length < lettersMin)
    throw new PepperFault(`${source} is too short to keep keys safe: it has to have at least ${lettersMin} letters.`)
  // Made once: from a buffer, each digest would cost seven times as much.
  const pepper: KeyObject = createSecretKey(Buffer.from(secret))
  const digest = (text: string): string => createHmac('sha256', pepper).update(text).digest('hex')
  return { digest, mark: digest('spillway pepper').slice(0, 16) }
}

function readOwn(file: string): string {
  const { mode } = statSync(file)
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new PepperFault(`${file} can be read by others on this machine. Run: chmod 600 ${file}`)
  return readFileSync(file, 'utf8')
}

/** Whole or not at all, and never over one that somebody else has made meanwhile. */
function writeOnce(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  const handle = openSync(draft, 'wx', 0o600)
  try {
    writeSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  try {
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
}
