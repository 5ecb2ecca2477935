const units: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** Bytes of `64KB`, `32MB`, `1.5GB` or a plain number of bytes; undefined for anything else. KiB and KB are the same here. */
export function readSize(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmg]?)(i?)(b?)\s*$/i.exec(value)
  if (match === null) return undefined
  const [, number, prefix = '', binary, byte] = match
  if (binary !== '' && (prefix === '' || byte === '')) return undefined
  return Math.floor(Number(number) * units[prefix === '' ? '' : `${prefix.toLowerCase()}b`]!)
}
