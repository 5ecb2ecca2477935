import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Portkey's gateway is no dependency of ours: it is measured where somebody has installed it. `npm run bench:peers` does so. */
const portkey = '@portkey-ai/gateway@1.15.2'

export const portkeyFolder = (): string => process.env['PORTKEY_DIR'] ?? join(tmpdir(), 'spillway-bench-peers')

export const portkeyMain = (): string => join(portkeyFolder(), 'node_modules/@portkey-ai/gateway/build/start-server.js')

export const hasPortkey = (): boolean => existsSync(portkeyMain())

/** How it is told which server to ask; ours speaks as OpenAI does. */
export const portkeyHeaders = (upstream: string): Readonly<Record<string, string>> => ({
  'x-portkey-provider': 'openai',
  'x-portkey-custom-host': `${upstream}/v1`,
  authorization: 'Bearer none',
})

if (import.meta.main) {
  const folder = portkeyFolder()
  mkdirSync(folder, { recursive: true })
  execFileSync('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', portkey], {
    stdio: 'inherit',
  })
  console.log(`${portkey} is in ${folder}.`)
}
