import { closeSync, openSync, readSync } from 'node:fs'

const chunkBytes = 1024 * 1024
const feed = 0x0a

/** The lines of a file of any size, one after the other; `isWhole` is false for a last one without its end. */
export function* linesOf(
  path: string,
): Generator<{ readonly text: string; readonly isWhole: boolean }, void, undefined> {
  const fd = openSync(path, 'r')
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    /** What has come of a line that began in an earlier chunk. */
    let begun: Buffer[] = []
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) {
      let from = 0
      for (let end = chunk.indexOf(feed); end !== -1 && end < read; end = chunk.indexOf(feed, from)) {
        const isOfOneChunk = begun.length === 0
        const text = isOfOneChunk
          ? chunk.toString('utf8', from, end)
          : Buffer.concat([...begun, chunk.subarray(from, end)]).toString()
        if (!isOfOneChunk) begun = []
        yield { text, isWhole: true }
        from = end + 1
      }
      if (from < read) begun.push(Buffer.from(chunk.subarray(from, read)))
    }
    if (begun.length > 0) yield { text: Buffer.concat(begun).toString(), isWhole: false }
  } finally {
    closeSync(fd)
  }
}
