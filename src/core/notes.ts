/** Whether anything may leave for servers that cost money, and who said so. */
export interface CloudState {
  readonly open: boolean
  readonly reason?: string | undefined
  /** `admin`, `cli:ann`. */
  readonly by: string
  /** The address it was said from, where there is one. */
  readonly from?: string | undefined
  /** In milliseconds since 1970. */
  readonly at: number
}

/** What somebody outside is to be told. */
export interface Letter {
  /** Unique for ever, and the same for the same news whoever has it: it is sent once. */
  readonly id: string
  readonly at: number
  /** JSON. */
  readonly body: string
}

/** A letter whose turn it is, and how often it was tried before. */
export interface DueLetter extends Letter {
  readonly tries: number
}

/** How sending ended: `tryAgainAt` where it did not. */
export type Delivery = { readonly ended: 'delivered' | 'given-up' } | { readonly tryAgainAt: number }

/** What gateways remember together beside the ledger, across restarts: how the cloud's switch stands, and who was told what. */
export interface Notes {
  /** Undefined where nobody ever touched the switch. */
  cloud(): Promise<CloudState | undefined>
  setCloud(state: CloudState): Promise<void>
  /** Takes a letter down, unless it was before: true for the first. It is to be sent where `addressed`, else only remembered. */
  post(letter: Letter, addressed: boolean): Promise<boolean>
  /** Letters whose turn it is. They are the asker's for so long; if it says nothing of them until then, anybody's. */
  take(now: number, leaseMs: number, most: number): Promise<readonly DueLetter[]>
  sent(id: string, delivery: Delivery): Promise<void>
}
