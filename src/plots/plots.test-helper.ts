/** What is wrong with it as XML; undefined where nothing is. It knows no more of XML than our pictures use. */
export function faultOf(xml: string): string | undefined {
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(xml)) return 'a character that XML cannot hold'
  if (!xml.isWellFormed()) return 'half a character'
  if (/NaN|Infinity|undefined/.test(xml.replaceAll(/<(title|text)[^>]*>[^<]*/g, ''))) return 'a number that is none'
  const open: string[] = []
  const rest = xml.replaceAll(
    /<(\/?)([a-z]+)((?: [a-zA-Z0-9-]+="[^"<]*")*)(\/?)>/g,
    (_, closing, name: string, __, empty) => {
      if (closing === '/') return open.pop() === name ? '' : `<${name} closed where it is not open>`
      if (empty !== '/') open.push(name)
      return ''
    },
  )
  if (/[<>]/.test(rest)) return `markup: ${rest.match(/.{0,40}[<>].{0,40}/s)?.[0]}`
  if (/&(?!amp;|lt;|gt;|quot;)/.test(xml)) return 'an ampersand that means nothing'
  return open.length > 0 ? `${open.join(', ')} left open` : undefined
}
