import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dataDirOf } from './data-dir.ts'

test('data is kept where the configuration says, else the environment, else where the system keeps such things', () => {
  const at = (dataDir: string | undefined, env: Record<string, string>, platform: NodeJS.Platform = 'linux'): string =>
    dataDirOf({ dataDir, env, platform, home: '/h' })
  const env = { SPILLWAY_DATA_DIR: '/env', XDG_DATA_HOME: '/xdg' }
  assert.equal(at('/configured', env), '/configured')
  assert.equal(at(undefined, env), '/env')
  assert.equal(at(undefined, { SPILLWAY_DATA_DIR: '', XDG_DATA_HOME: '/xdg' }), '/xdg/spillway')
  assert.equal(at(undefined, {}), '/h/.local/share/spillway')
  assert.equal(at(undefined, {}, 'darwin'), '/h/Library/Application Support/spillway')
})
