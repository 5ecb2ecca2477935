import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { folderWith } from '../../src/cli/process.test-helper.ts'
import { Postgres } from '../../src/ledger/postgres.ts'
import { sql, type Work } from '../../src/ledger/work.ts'
import { sharedPostgres, skipWithoutPostgres } from './server.ts'

const skip =
  spawnSync('openssl', ['version']).error === undefined ? skipWithoutPostgres : { skip: 'openssl is not installed' }
const server = sharedPostgres()

/** Whether the connection that asks is encrypted. */
function* isEncrypted(): Work<boolean> {
  const [row] = yield sql('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
  return row?.['ssl'] === 't'
}

test('with sslmode=verify-full only the server whose certificate is right is spoken to', skip, async (t) => {
  const folder = folderWith(t, {})
  certify(folder, 'right')
  certify(folder, 'wrong')
  install(folder, 'right')
  const url = server.fresh()
  const over = (name: string): Promise<boolean> =>
    opened(t, `${url}?sslmode=verify-full&sslrootcert=${join(folder, `${name}.crt`)}`).read(isEncrypted)
  assert.equal(await over('right'), true)
  await assert.rejects(over('wrong'), { kind: 'gone', message: /certificate/ })
})

function opened(t: TestContext, url: string): Postgres {
  const postgres = new Postgres({ url, now: () => performance.now(), steps: [] })
  t.after(() => postgres.close())
  return postgres
}

function certify(folder: string, name: string): void {
  const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)]
  const about = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync('openssl', ['req', '-x509', ...kind, ...about, ...files], { stdio: 'ignore' })
}

function install(folder: string, name: string): void {
  const data = server.psql('SHOW data_directory')
  const { uid, gid } = statSync(data)
  for (const end of ['key', 'crt']) {
    const file = join(data, `server.${end}`)
    copyFileSync(join(folder, `${name}.${end}`), file)
    chownSync(file, uid, gid)
    chmodSync(file, 0o600)
  }
  server.psql('ALTER SYSTEM SET ssl = on')
  server.psql('SELECT pg_reload_conf()')
}
