/** Rows for people, as wide as they have to be: words to the left, figures to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const shown = [head, ...rows].map((row) => row.map(printable))
  const widths = head.map((_, i) => Math.max(...shown.map((row) => row[i]!.length)))
  const isFigure = head.map((_, i) => rows.length > 0 && rows.every((row) => figure.test(row[i]!)))
  return shown.map((row) =>
    row
      .map((cell, i) => (isFigure[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  )
}

const figure = /^(?:<?-?\$?[\d.]+[BKMT%]?|-?)$/

/** Names come from configurations and from servers: a terminal is to show them, not to obey them. */
export const printable = (text: string): string => text.replaceAll(/[\p{C}\u2028\u2029]/gu, '?')
