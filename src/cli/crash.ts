const framesMost = 12

/**
 * What is said of an error that nobody caught: its kind and where it came about. Not its message, which may quote what
 * somebody asked or answered.
 */
export function crashReport(error: unknown): string {
  const { name, code, message = '', stack = '' } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
  const frames = stack
    .replace(message, '')
    .split('\n')
    .filter((line) => /^ {4}at .+:\d+:\d+\)?$/.test(line))
  const places = frames.slice(0, framesMost).map((line) => line.trim())
  return ['A fault of Spillway itself ends this process:', name ?? 'no error', code ?? '', ...places]
    .filter((word) => word !== '')
    .join(' ')
}
