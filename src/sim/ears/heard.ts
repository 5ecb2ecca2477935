/**
 * What a caller makes of the bytes it gets: small readers that share nothing with the gateway's own, so that an error
 * there is not heard as it was said.
 */
export interface Heard {
  text: string
  thought: string
  finish: string | undefined
  /** The wire's own word that the answer is whole. */
  whole: boolean
  /** Frames that told counts, and what the last of them told. */
  counted: number
  outputTokens: number | undefined
  model: string | undefined
  frames: number
  /** The tool that is called, and with what, as JSON. */
  toolName: string | undefined
  toolArguments: string
  vectors: readonly (readonly number[])[]
}

/** Makes something of a frame, or of an answer in one piece. */
export type Reader = (frame: string, heard: Heard) => void
