import { HttpClient } from './client.ts'
import { conformance } from './conformance.ts'

conformance({
  name: 'our own client',
  open: (options) => new HttpClient(options),
  differs: new Set(),
  abortsConnecting: true,
})
