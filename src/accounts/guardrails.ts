import type { BudgetStanding } from '../core/budget.ts'
import type { Emit, Event } from '../core/event.ts'
import type { Ledger } from '../core/ledger.ts'
import type { CloudState, Notes } from '../core/notes.ts'
import type { AlertSettings } from '../core/settings.ts'
import type { World } from '../core/world.ts'
import { Advice, type Home } from './advice.ts'
import { Alerts, usedUp } from './alerts.ts'
import { CloudSwitch, switchText } from './cloud-switch.ts'
import { noteLetter } from './letters.ts'
import { unusualSpending, unusualText } from './unusual.ts'
import { WebhookSender } from './webhook.ts'

export interface GuardrailParts {
  readonly world: World
  readonly emit: Emit
  readonly notes: Notes
  readonly ledger: Pick<Ledger, 'report'>
  readonly treasury: { standings(): readonly BudgetStanding[]; setCloud(open: boolean): void }
  readonly alerts: () => AlertSettings | undefined
  readonly homesOf: (model: string) => readonly Home[]
  readonly lookEveryMs: number
}

const firstLookMs = 1_000
const adviseEveryMs = 60_000
const compareEveryMs = 600_000
/** What was said is not said again before. */
const quietMs = 6 * 3_600_000

/** Looks once a second at what somebody should know of money, and sees to it that they do. Nothing waits for it. */
export class Guardrails {
  readonly cloud: CloudSwitch
  readonly #parts: GuardrailParts
  readonly #alerts: Alerts
  readonly #advice: Advice
  readonly #webhook: WebhookSender
  readonly #saidAt = new Map<string, number>()
  #unusual: readonly string[] = []
  #failure: string | undefined
  #stopping = new AbortController()
  #advisedAt = -Infinity
  #comparedAt = -Infinity

  constructor(parts: GuardrailParts) {
    const { world, emit, notes, alerts, homesOf } = parts
    this.#parts = parts
    const address = (): AlertSettings['webhook'] => alerts()?.webhook
    this.cloud = new CloudSwitch({ notes, onChange: (state) => this.#switched(state) })
    this.#alerts = new Alerts({ world, emit, notes, isAddressed: () => address() !== undefined })
    this.#advice = new Advice({ world, homesOf, spillShare: () => alerts()?.spillShare ?? 1 })
    this.#webhook = new WebhookSender({ world, emit, notes, address })
  }

  readonly listen = (event: Event): void => this.#advice.listen(event)

  /** What is not as it should be, in sentences. */
  get troubles(): readonly string[] {
    const { state } = this.cloud
    const { trouble } = this.#webhook
    return [
      ...(state?.open === false ? [switchText(state)] : []),
      ...usedUp(this.#parts.treasury.standings()),
      ...(this.#advice.text === undefined ? [] : [this.#advice.text]),
      ...this.#unusual,
      ...(trouble === undefined ? [] : [`The webhook for alerts does not arrive: ${trouble}.`]),
    ]
  }

  /** Begins with the switch as it stands, before anything is asked. */
  async start(): Promise<void> {
    // Books that do not answer keep nobody waiting: as long as they do not, nothing is spent either.
    await Promise.race([this.#tried(() => this.cloud.look()), this.#parts.world.sleep(firstLookMs)])
    this.#stopping = new AbortController()
    void this.#forever(this.#stopping.signal)
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #forever(stopping: AbortSignal): Promise<void> {
    while (!stopping.aborted) {
      await this.look()
      await this.#parts.world.sleep(this.#parts.lookEveryMs, stopping)
    }
  }

  async look(): Promise<void> {
    const now = this.#parts.world.now()
    const done = [
      await this.#tried(() => this.cloud.look()),
      await this.#tried(() => this.#alerts.look(this.#parts.treasury.standings())),
      await this.#tried(() => this.#webhook.look()),
    ]
    if (!done.includes(false)) this.#failure = undefined
    if (now - this.#advisedAt >= adviseEveryMs) {
      this.#advisedAt = now
      const { text } = this.#advice
      if (text !== undefined) await this.#tried(() => this.#say('machines.too_few', 'machines', text))
    }
    if (now - this.#comparedAt >= compareEveryMs) {
      this.#comparedAt = now
      await this.#tried(() => this.#compare())
    }
  }

  async #compare(): Promise<void> {
    const { ledger, world } = this.#parts
    const unusual = await unusualSpending(ledger, world.epochMs())
    this.#unusual = unusual.map(unusualText)
    for (const one of unusual) await this.#say('spending.unusual', one.caller, unusualText(one))
  }

  #switched(state: CloudState): void {
    const { treasury, emit } = this.#parts
    const text = switchText(state)
    treasury.setCloud(state.open)
    emit({ type: 'cloud-switched', open: state.open, text })
    void this.#tried(() => this.#write('cloud.switched', 'cloud', state.at, text))
  }

  async #say(type: string, topic: string, text: string): Promise<void> {
    const { world, emit } = this.#parts
    const now = world.now()
    if (now - (this.#saidAt.get(topic) ?? -Infinity) < quietMs) return
    this.#saidAt.set(topic, now)
    emit({ type: 'notice', level: 'warn', text })
    // Of one topic there is one letter in that time, whichever gateway comes upon it.
    await this.#write(type, topic, Math.floor(world.epochMs() / quietMs), text)
  }

  async #write(type: string, topic: string, spell: number, text: string): Promise<void> {
    const { world, notes, alerts } = this.#parts
    await notes.post(noteLetter(type, topic, spell, world.epochMs(), text), alerts()?.webhook !== undefined)
  }

  /** Whatever fails now is tried again at the next look. That is said once, until it works again or something else is wrong. */
  async #tried(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error)
      if (failure === this.#failure) return false
      this.#failure = failure
      this.#parts.emit({ type: 'notice', level: 'warn', text: `What is known of money cannot be kept up: ${failure}` })
      return false
    }
  }
}
