/** Texts that are to be turned into vectors, in neutral form. */
export interface Inputs {
  readonly model: string
  /** All texts, or all lists of token ids. */
  readonly texts: readonly string[] | readonly (readonly number[])[]
  readonly dimensions: number | undefined
  readonly user: string | undefined
}

export interface Vectors {
  /** In the order of the texts. */
  readonly vectors: readonly (readonly number[])[]
  readonly promptTokens: number | undefined
}
