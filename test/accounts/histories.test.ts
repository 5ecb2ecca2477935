import { test } from 'node:test'
import { tryHistories } from './histories.ts'

test('whatever happens, and however the clocks are set, no account is overdrawn, and nothing stays held', () =>
  tryHistories(60))
