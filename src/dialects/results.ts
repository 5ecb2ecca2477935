import type { Content, Message } from '../core/prompt.ts'

/**
 * The results of tools as plain text. Where there is no word for one having failed, its text says so; and what a tool
 * showed, which such a message cannot hold, is shown by the user behind all results of the turn.
 */
export function resultsAsText(messages: readonly Message[]): readonly Message[] {
  if (!messages.some(needsChange)) return messages
  const out: Message[] = []
  let shown: Content[] = []
  for (const message of messages) {
    if (message.role === 'tool') {
      out.push({ ...message, content: said(message) })
      shown.push(...message.content.filter((one) => one.type !== 'text'))
      continue
    }
    if (shown.length === 0) out.push(message)
    else if (message.role === 'user') out.push({ ...message, content: [...shown, ...message.content] })
    else out.push(userShowing(shown), message)
    shown = []
  }
  if (shown.length > 0) out.push(userShowing(shown))
  return out
}

const needsChange = ({ role, content, isError }: Message): boolean =>
  role === 'tool' && (isError === true || content.some(({ type }) => type !== 'text'))

/** A failure without a word about it is still one. */
export function said({ content, isError }: Message): readonly Content[] {
  const texts = content.filter((one) => one.type === 'text')
  if (isError !== true) return texts
  const [first, ...rest] = texts
  return [{ type: 'text', text: first === undefined ? 'Error' : `Error: ${first.text}` }, ...rest]
}

const userShowing = (content: readonly Content[]): Message => ({
  role: 'user',
  content,
  toolCalls: [],
  toolCallId: undefined,
  name: undefined,
})
