import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ends } from '../e2e/rig.ts'

const program = 'chromium'

/** A test that needs a browser says so where there is none. */
export const withBrowser: { readonly skip: string | false } = {
  skip: spawnSync(program, ['--version']).error === undefined ? false : `${program} is not installed`,
}

/** A page in a real browser without a window, spoken to by the browser's own debugging protocol. */
export class Page {
  readonly #socket: WebSocket
  readonly #answers = new Map<number, (answer: Answer) => void>()
  /** What the page's own script threw or logged as an error. */
  readonly errors: string[] = []
  #asked = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#hear(JSON.parse(String(data)) as Answer))
  }

  static async open(t: Ends): Promise<Page> {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-browser-'))
    const words = ['--headless=new', '--remote-debugging-port=0', `--user-data-dir=${folder}`, '--no-first-run']
    // Its sandbox does not start as root, as in most containers. Nothing but our own page is opened in it.
    if (process.getuid?.() === 0) words.push('--no-sandbox')
    const browser = spawn(program, [...words, '--disable-gpu', '--disable-dev-shm-usage', 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    })
    t.after(async () => {
      const closed = new Promise((resolve) => browser.once('close', resolve))
      // It is many processes.
      process.kill(-browser.pid!, 'SIGKILL')
      await closed
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    })
    const { host } = new URL(await addressOf(browser))
    const pages = (await (await fetch(`http://${host}/json/list`)).json()) as readonly Target[]
    const socket = new WebSocket(pages.find(({ type }) => type === 'page')!.webSocketDebuggerUrl)
    await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }))
    const page = new Page(socket)
    await page.call('Runtime.enable')
    await page.call('Log.enable')
    return page
  }

  async goTo(url: string): Promise<void> {
    await this.call('Page.navigate', { url })
  }

  call(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    this.#asked += 1
    const id = this.#asked
    this.#socket.send(JSON.stringify({ id, method, params }))
    return new Promise((resolve, reject) => {
      this.#answers.set(id, ({ result, error }) =>
        error === undefined ? resolve(result!) : reject(new Error(error.message)),
      )
    })
  }

  /** What an expression is in the page. */
  async value(expression: string): Promise<unknown> {
    const { result } = (await this.call('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })) as {
      result: { value?: unknown }
    }
    return result.value
  }

  #hear({ id, method, params, ...answer }: Answer): void {
    if (method === 'Runtime.exceptionThrown') this.errors.push(params!.exceptionDetails!.text)
    if (method === 'Log.entryAdded' && params!.entry!.level === 'error') this.errors.push(params!.entry!.text)
    if (id === undefined) return
    this.#answers.get(id)?.(answer)
    this.#answers.delete(id)
  }
}

interface Target {
  readonly type: string
  readonly webSocketDebuggerUrl: string
}

interface Answer {
  readonly id?: number
  readonly method?: string
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string }
  readonly params?: {
    readonly exceptionDetails?: { readonly text: string }
    readonly entry?: { readonly level: string; readonly text: string }
  }
}

/** It says on which port it listens. */
function addressOf({ stderr }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const [, address] = /DevTools listening on (ws:\S+)/.exec(said) ?? []
      if (address !== undefined) resolve(address)
    })
    stderr!.on('end', () => reject(new Error(`The browser ended:\n${said}`)))
  })
}
