/** Compiles the package into `dist`: JavaScript and its types, and what is not code. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, globSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './import-graph.ts'

const dist = join(root, 'dist')
rmSync(dist, { recursive: true, force: true })
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
if (status !== 0) process.exit(1)
for (const name of globSync('**/*.{html,json}', { cwd: join(root, 'src') }))
  copyFileSync(join(root, 'src', name), join(dist, name))
