import type { AnswerAbout } from '../../core/dialect.ts'
import type { Json } from '../../core/json.ts'
import type { FinishReason, Part, TokenLogprob } from '../../core/part.ts'
import type { Usage } from '../../core/usage.ts'
import { callId } from '../answer.ts'
import { writeLogprobs } from '../logprobs.ts'
import { textPart, thoughtPart, writeItem, type CallItem, type Item, type ItemStatus, type TextItem } from './item.ts'
import { begun, cutOffs, ended, headOf, idBase } from './response.ts'
import { freeTextOf, freeTextTools } from './tools.ts'

export function partWriter(about: AnswerAbout): (part: Part) => string {
  const writer = new ResponseWriter(about)
  return (part) => writer.write(part)
}

/** The response that the last frame of a stream would carry. */
export function collect(parts: Iterable<Part>, about: AnswerAbout): Json {
  const writer = new ResponseWriter(about)
  for (const part of parts) writer.write(part)
  return { ...writer.head, ...writer.ending() }
}

/**
 * Writes one stream: every item is opened, told in pieces and told once more as a whole, and the last frame tells all of
 * them again. One text or thought is open at a time. Calls stay open side by side until the end, because their pieces may
 * come in any order.
 */
class ResponseWriter {
  readonly head: Json
  /** The same, once and for all frames that repeat it: the tools alone may be long. */
  readonly #headText: string
  readonly #about: AnswerAbout
  readonly #idBase: string
  readonly #freeText: ReadonlySet<string>
  readonly #output: Json[] = []
  readonly #calls: CallItem[] = []
  #items = 0
  #open: TextItem | undefined
  /** What all pieces of the open item have in common. */
  #place = ''
  #frames = 0
  #reason: FinishReason | undefined
  #usage: Usage | undefined

  constructor(about: AnswerAbout) {
    this.#about = about
    this.head = headOf(about)
    this.#headText = JSON.stringify(this.head).slice(0, -1)
    this.#idBase = idBase(about)
    this.#freeText = freeTextTools(about.body)
  }

  write(part: Part): string {
    const first = this.#frames === 0 ? this.#begin() : ''
    switch (part.type) {
      case 'text-delta':
        return first + this.#sayText(part.text, part.logprobs)
      case 'thinking-delta':
        // A signature alone means nothing to anybody else.
        return part.text === '' ? first : first + this.#sayThought(part.text)
      case 'tool-start':
        return first + this.#openCall(part.index, part.id, part.name)
      case 'tool-delta':
        return first + this.#sayArguments(part.index, part.arguments)
      case 'finish':
        return first + this.#finish(part.reason)
      case 'usage':
        this.#usage = part.usage
        return first
      case 'end': {
        const rest = this.#reason === undefined ? this.#finish('stop') : ''
        const ending = this.ending()
        return first + rest + this.#tell(`response.${String(ending['status'])}`, ending)
      }
    }
  }

  ending(): Json {
    return ended({
      reason: this.#reason ?? 'stop',
      output: this.#output,
      usage: this.#usage,
      endedMs: this.#about.epochMs(),
    })
  }

  #begin(): string {
    return this.#tell('response.created', begun) + this.#tell('response.in_progress', begun)
  }

  #sayText(text: string, logprobs: readonly TokenLogprob[] | undefined): string {
    const opened = this.#open?.kind === 'text' ? '' : this.#openText()
    const item = this.#open!
    item.text += text
    if (logprobs === undefined) {
      return opened + this.#frame(textDelta, `${this.#place},"delta":${JSON.stringify(text)},"logprobs":[]`)
    }
    item.logprobs.push(...logprobs)
    const written = JSON.stringify(writeLogprobs(logprobs))
    return opened + this.#frame(textDelta, `${this.#place},"delta":${JSON.stringify(text)},"logprobs":${written}`)
  }

  #sayThought(text: string): string {
    const opened = this.#open?.kind === 'thought' ? '' : this.#openThought()
    this.#open!.text += text
    return opened + this.#frame(thoughtDelta, `${this.#place},"delta":${JSON.stringify(text)}`)
  }

  #openText(): string {
    const closed = this.#close('completed')
    const item: TextItem = { kind: 'text', ...this.#nextItem('msg'), text: '', logprobs: [] }
    this.#open = item
    this.#place = `${placeOf(item)},"content_index":0`
    const part = JSON.stringify(textPart(item))
    return closed + this.#added(item) + this.#frame('response.content_part.added', `${this.#place},"part":${part}`)
  }

  #openThought(): string {
    const closed = this.#close('completed')
    const item: TextItem = { kind: 'thought', ...this.#nextItem('rs'), text: '', logprobs: [] }
    this.#open = item
    this.#place = `${placeOf(item)},"summary_index":0`
    const part = JSON.stringify(thoughtPart(item))
    return (
      closed + this.#added(item) + this.#frame('response.reasoning_summary_part.added', `${this.#place},"part":${part}`)
    )
  }

  #openCall(index: number, id: string, name: string): string {
    const closed = this.#close('completed')
    const isFreeText = this.#freeText.has(name)
    const item: CallItem = {
      kind: isFreeText ? 'free-text-call' : 'call',
      ...this.#nextItem(isFreeText ? 'ctc' : 'fc'),
      callId: callId(id, this.#about.id, index),
      name,
      arguments: '',
    }
    this.#calls[index] = item
    return closed + this.#added(item)
  }

  #sayArguments(index: number, text: string): string {
    const call = this.#calls[index]!
    call.arguments += text
    // Free text comes wrapped in arguments, out of which it is taken when they are whole.
    if (call.kind === 'free-text-call' || text === '') return ''
    return this.#frame(argumentsDelta, `${placeOf(call)},"delta":${JSON.stringify(text)}`)
  }

  #finish(reason: FinishReason): string {
    this.#reason = reason
    const status = cutOffs[reason] === undefined ? 'completed' : 'incomplete'
    let frames = this.#close(status)
    for (let index = 0; index < this.#calls.length; index += 1) frames += this.#closeCall(index, status)
    return frames
  }

  #close(status: ItemStatus): string {
    const item = this.#open
    if (item === undefined) return ''
    this.#open = undefined
    const text = JSON.stringify(item.text)
    if (item.kind === 'text') {
      const part = textPart(item)
      const logprobs = JSON.stringify(part['logprobs'])
      return (
        this.#frame('response.output_text.done', `${this.#place},"text":${text},"logprobs":${logprobs}`) +
        this.#frame('response.content_part.done', `${this.#place},"part":${JSON.stringify(part)}`) +
        this.#done(item, status)
      )
    }
    return (
      this.#frame('response.reasoning_summary_text.done', `${this.#place},"text":${text}`) +
      this.#frame(
        'response.reasoning_summary_part.done',
        `${this.#place},"part":${JSON.stringify(thoughtPart(item))}`,
      ) +
      this.#done(item, status)
    )
  }

  #closeCall(index: number, status: ItemStatus): string {
    const call = this.#calls[index]!
    const place = placeOf(call)
    if (call.kind === 'free-text-call') {
      const input = JSON.stringify(freeTextOf(call.arguments))
      return (
        this.#frame('response.custom_tool_call_input.delta', `${place},"delta":${input}`) +
        this.#frame('response.custom_tool_call_input.done', `${place},"input":${input}`) +
        this.#done(call, status)
      )
    }
    const missing = call.arguments === '' && status === 'completed' ? this.#sayArguments(index, '{}') : ''
    const whole = JSON.stringify(call.arguments)
    return (
      missing +
      this.#frame('response.function_call_arguments.done', `${place},"arguments":${whole}`) +
      this.#done(call, status)
    )
  }

  #nextItem(prefix: string): { readonly at: number; readonly id: string } {
    const at = this.#items
    this.#items += 1
    return { at, id: `${prefix}_${this.#idBase}_${at}` }
  }

  #added(item: Item): string {
    const text = JSON.stringify(writeItem(item, 'in_progress'))
    return this.#frame('response.output_item.added', `"output_index":${item.at},"item":${text}`)
  }

  #done(item: Item, status: ItemStatus): string {
    const written = writeItem(item, status)
    this.#output[item.at] = written
    return this.#frame('response.output_item.done', `"output_index":${item.at},"item":${JSON.stringify(written)}`)
  }

  #tell(type: string, members: Json): string {
    return this.#frame(type, `"response":${this.#headText},${JSON.stringify(members).slice(1)}`)
  }

  #frame(type: string, members: string): string {
    const number = this.#frames
    this.#frames += 1
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${number},${members}}\n\n`
  }
}

const textDelta = 'response.output_text.delta'
const thoughtDelta = 'response.reasoning_summary_text.delta'
const argumentsDelta = 'response.function_call_arguments.delta'

const placeOf = ({ id, at }: Item): string => `"item_id":"${id}","output_index":${at}`
