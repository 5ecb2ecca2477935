import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dataDirOf } from './data-dir.ts'

test('data is where the configuration says, else the environment, else where the platform keeps such things', () => {
  const linux = { env: {}, platform: 'linux', home: '/h' } as const
  const [named, shared] = [{ SPILLWAY_DATA_DIR: '/named' }, { XDG_DATA_HOME: '/x' }]
  assert.equal(dataDirOf('/configured', { ...linux, env: named }), '/configured')
  assert.equal(dataDirOf(undefined, { ...linux, env: { ...shared, ...named } }), '/named')
  assert.equal(dataDirOf(undefined, { ...linux, env: shared }), '/x/spillway')
  assert.equal(
    dataDirOf(undefined, { ...linux, env: { SPILLWAY_DATA_DIR: '', XDG_DATA_HOME: 'x' } }),
    '/h/.local/share/spillway',
  )
  assert.equal(dataDirOf(undefined, { ...linux, platform: 'darwin' }), '/h/Library/Application Support/spillway')
})
