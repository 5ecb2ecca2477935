import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refuseAddresses } from './media.ts'

const refuses = (list: unknown, message: RegExp): void =>
  assert.throws(() => refuseAddresses(list, 'input'), { kind: 'bad-request', message })

test('an address is refused with where it stands, in what is said and in what a tool gave back', () => {
  refuses([{}, { content: [{}, { image_url: 'http://a/b' }] }], /^input\[1\]\.content\[1\]\.image_url is an address/)
  refuses([{ output: [{ type: 'input_file', file_url: 'https://a/b' }] }], /^input\[0\]\.output\[0\]\.file_url /)
  refuses([{ content: [{ type: 'image_url', image_url: { url: 7 } }] }], /image_url/)
})

test('tensors that a stranger made are refused', () => {
  refuses([{ content: [{ type: 'image_embeds', image_embeds: 'gASV' }] }], /image_embeds is not taken/)
})

test('text, and pictures that are sent along, pass', () => {
  refuseAddresses('hi', 'input')
  refuseAddresses(undefined, 'input')
  refuseAddresses(
    [null, 'x', { content: 'see http://a/b' }, { content: [null, { text: 'http://a/b' }, { image_url: 'DATA:,x' }] }],
    'input',
  )
})
