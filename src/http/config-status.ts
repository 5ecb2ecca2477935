/** How it stands with the configuration: what is served by, and whether the file has since said what cannot be. */
export interface ConfigStatus {
  /** Undefined where there is none: then the servers were found on this machine. */
  readonly file: string | undefined
  /** What `sha256sum` said of the file when it was taken up. */
  readonly hash: string | undefined
  readonly takenAtMs: number
  /** The file as it is now, where it was refused: each fault in a sentence that begins with its place. */
  readonly refused: { readonly atMs: number; readonly problems: readonly string[] } | undefined
  /** Keys that say something else than what is done, and will until a restart. */
  readonly needsRestart: readonly string[]
}
