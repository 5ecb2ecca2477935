import { HttpClient } from './client.ts'
import { conformance } from './conformance.test-helper.ts'

conformance({
  name: 'our own client',
  open: () => new HttpClient(),
  differs: new Set(),
  abortsConnecting: true,
})
