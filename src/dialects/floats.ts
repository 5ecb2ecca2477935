const bytesPerFloat = 4

/** Vectors in base64 are floats of 32 bits, the low byte first, whatever the machine. Undefined for what is none. */
export function floatsOf(base64: string): readonly number[] | undefined {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length === 0 || bytes.length % bytesPerFloat !== 0) return undefined
  return Array.from({ length: bytes.length / bytesPerFloat }, (_, at) => bytes.readFloatLE(at * bytesPerFloat))
}

export function base64Of(floats: readonly number[]): string {
  const bytes = Buffer.alloc(floats.length * bytesPerFloat)
  floats.forEach((float, at) => bytes.writeFloatLE(float, at * bytesPerFloat))
  return bytes.toString('base64')
}
