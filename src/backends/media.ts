import { isObject } from '../core/json.ts'
import { refusal } from './trim.ts'

/**
 * Refuses pictures and sounds by address: a server at home would fetch it from where it stands, behind the firewall, and
 * some read files of their own machine. What is sent along as `data:` is fine. Most messages are plain text, and cost a
 * look at each.
 */
export function refuseAddresses(list: unknown, field: string): void {
  if (!Array.isArray(list)) return
  for (let index = 0; index < list.length; index += 1) {
    const message: unknown = list[index]
    if (!isObject(message)) continue
    const { content, output } = message
    if (Array.isArray(content)) refuseAddressesIn(content, `${field}[${index}].content`)
    // What a tool gave back, in the Responses API.
    if (Array.isArray(output)) refuseAddressesIn(output, `${field}[${index}].output`)
  }
}

/** Parts of a message, or tools: some of those stand on other servers. */
export function refuseAddressesIn(parts: readonly unknown[], field: string): void {
  for (const [index, part] of parts.entries()) {
    if (!isObject(part)) continue
    // By the key and not the type: some servers take a part without one.
    for (const key in part) {
      if (key.endsWith('_url') && !isInline(part[key])) {
        throw refusal(
          `${field}[${index}].${key}`,
          'is an address, and servers at home are not sent to fetch anything; send it along as a data: URL',
        )
      }
      // Tensors as some servers unpack them, which is not safe for what a stranger made.
      if (key.endsWith('_embeds')) throw refusal(`${field}[${index}].${key}`, 'is not taken')
    }
  }
}

function isInline(value: unknown): boolean {
  const url = isObject(value) ? value['url'] : value
  return url === null || url === undefined || (typeof url === 'string' && /^data:/i.test(url))
}
