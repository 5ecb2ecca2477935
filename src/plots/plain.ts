/** One line of text in which nothing is obeyed by whoever shows it: names come from configurations and from servers. */
export const plain = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/\s/g, ' ')
    .replaceAll(/\p{C}|[\uFFFE\uFFFF]/gu, '')

/** As much of it as there is room for. */
export function fitted(text: string, most: number): string {
  const letters = Array.from(text)
  return letters.length <= most ? text : `${letters.slice(0, Math.max(0, most - 1)).join('')}…`
}
