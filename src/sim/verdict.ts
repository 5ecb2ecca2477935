import { form, tool, type Visit } from './caller.ts'
import type { Machine } from './fleet.ts'
import { tokensIn } from './prefixes.ts'
import { recital, sampleOf, tagOf } from './recital.ts'
import type { Stage } from './simulation.ts'
import type { Errand } from './workload.ts'

/** What must be true of every visit, whatever broke on the way. Gives the first sentence that is false. */
export function falseOf(visit: Visit): string | undefined {
  const { errand, heard, fault, outcome, left } = visit
  if (fault?.kind === 'internal')
    return `nothing goes wrong inside the gateway (${String((fault.cause as Error | undefined)?.stack ?? fault.stack)})`
  if (fault?.kind === 'cancelled' && !left) return 'nobody is told to have gone who stays'
  if (visit.keptMs > 0) return `who hangs up is let go at once (after ${visit.keptMs} ms)`
  if (heard === undefined) return undefined
  if (outcome === undefined) return 'every answer has an outcome'
  const whole = expected(errand)
  if (!whole.startsWith(heard.text)) return `every token is heard once and in order (heard "${tail(heard.text)}")`
  if (heard.model !== undefined && heard.model !== errand.model)
    return `the answer names the model as the caller did (${heard.model})`
  if (errand.caller.cloud === 'never' && outcome.tier > 0) return 'what must stay at home stays at home'
  if (fault !== undefined) {
    if (heard.whole) return 'a broken stream never looks finished'
    if (outcome.fault?.kind !== fault.kind)
      return `the outcome tells of the same fault as the body (${outcome.fault?.kind}, ${fault.kind})`
    return undefined
  }
  if (left) return undefined
  if (outcome.fault !== undefined) return `a fault is told to the caller as well (${outcome.fault.kind})`
  return falseOfWhole(visit, whole)
}

/** All the text that there is to hear. */
function expected({ wants, question, words, wordsMax = Infinity }: Errand): string {
  if (wants === 'words') return recital(question, Math.min(words, wordsMax))
  return wants === 'json' ? JSON.stringify(sampleOf(form, tagOf(question))) : ''
}

function falseOfWhole({ errand, heard, outcome }: Visit, whole: string): string | undefined {
  const { wants, question, words, wordsMax = Infinity, stream, dialect, wantsUsage } = errand
  if (heard!.text !== whole) return `who stays hears everything (${heard!.text.length} of ${whole.length} characters)`
  if (!heard!.whole) return 'an answer that is whole says so'
  if (wants === 'tool') {
    const call = `${heard!.toolName} ${heard!.toolArguments}`
    if (call !== `${tool.name} ${JSON.stringify(sampleOf(tool.parameters, tagOf(question)))}`)
      return `a call comes as it was made (${call})`
  }
  const finish = wordsMax < words ? 'length' : wants === 'tool' && dialect === 'openai-chat' ? 'tool_calls' : 'stop'
  if (heard!.finish !== finish) return `the caller learns why it ended (${heard!.finish}, not ${finish})`
  const counts = !stream || dialect === 'ollama-chat' || wantsUsage ? 1 : 0
  if (heard!.counted !== counts)
    return `who asked for counts gets them once, and nobody else (${heard!.counted}, not ${counts})`
  const { usage } = outcome!
  if (usage.estimated === true) return 'the outcome has what the server counted'
  if (counts > 0 && heard!.outputTokens !== usage.outputTokens)
    return `all hear one count (${heard!.outputTokens} and ${usage.outputTokens})`
  const promptTokens = tokensIn(`${errand.preamble}\n${question}\n`)
  if (usage.promptTokens !== promptTokens)
    return `a prompt arrives as it was written (${usage.promptTokens} tokens, not ${promptTokens})`
  const tokens = Math.min(words, wordsMax)
  if (wants === 'words' && usage.outputTokens !== tokens)
    return `the server's count is kept (${usage.outputTokens}, not ${tokens})`
  return undefined
}

/** What must be true at any time. */
export function falseNow({ gateway, servers }: Stage): string | undefined {
  for (const [index, { ledger, spec }] of servers.entries()) {
    const { inFlight } = gateway.fleet.upstreams[index]!
    if (ledger.open > inFlight)
      return `no server works for nobody (${spec.name} on ${ledger.open}, of which the gateway knows ${inFlight})`
  }
  return undefined
}

/** What must be true now and then; too dear to look at each time. */
export function falseForWaiting({ gateway, recorder, world }: Stage): string | undefined {
  if (gateway.waiting === 0) return undefined
  // Whom one of two has failed may wait for the other.
  const waiting = gateway.asks().filter(({ id, state }) => state === 'queued' && !recorder.wasFailed(id))
  const models = new Set(waiting.map(({ model }) => model))
  for (const model of models) {
    const serving = gateway.fleet.serving(model)
    const tier = Math.min(...serving.map(({ settings }) => settings.tier))
    const roomy = serving.find((upstream) => {
      const place = upstream.place(upstream.modelFor(model)!.id)
      return upstream.settings.tier === tier && upstream.allows(world.now()) && place.hasRoom(world.now())
    })
    if (roomy !== undefined)
      return `nobody waits while a machine has room for him (${model}, ${roomy.settings.name}, at ${world.now()} ms)`
  }
  return undefined
}

/** What must be true when all have gone home. */
export function falseAtTheEnd({ gateway, recorder, servers }: Stage, fleet: readonly Machine[]): string | undefined {
  if (recorder.wrong !== undefined) return recorder.wrong
  if (recorder.open > 0) return `every ask ends (${recorder.open} have not)`
  if (gateway.waiting > 0) return `nobody is left in the queue (${gateway.waiting} are)`
  if (gateway.asks().length > 0) return 'nobody is shown who has gone'
  for (const upstream of gateway.fleet.upstreams) {
    if (upstream.inFlight !== 0)
      return `every place is given back (${upstream.inFlight} of ${upstream.settings.name} are not)`
    for (const place of upstream.places().values())
      if (place.inFlight !== 0) return 'every place is given back, model by model'
  }
  for (const [index, { ledger, spec }] of servers.entries()) {
    if (ledger.open > 0) return `no server works for nobody (${spec.name} has ${ledger.open} requests open)`
    const { concurrency } = fleet[index]!
    if (concurrency !== 'auto' && ledger.openMost > concurrency * spec.models.length) {
      return `a fixed concurrency is kept (${spec.name} had ${ledger.openMost} at once, not ${concurrency})`
    }
  }
  return undefined
}

const tail = (text: string): string => text.slice(-60)
