/** One thing that is wrong, and what to write instead. */
export interface Problem {
  readonly path: readonly (string | number)[]
  readonly text: string
  /** The key itself is at fault, not its value. */
  readonly atKey?: boolean
  /** Where it stands, once somebody knows. */
  readonly file?: string
  readonly line?: number
  readonly column?: number
}

/** `spillway.yaml:4:11 upstreams[0].url: is no http address; …` */
export function sentence({ path, text, file, line, column }: Problem): string {
  const place = file === undefined ? '' : line === undefined ? `${file} ` : `${file}:${line}:${column} `
  const key = path.reduce<string>((whole, step) => {
    if (typeof step === 'number') return `${whole}[${step}]`
    return whole === '' ? step : `${whole}.${step}`
  }, '')
  return `${place}${key === '' ? '' : `${key}: `}${text}`
}

/** Everything that is wrong with a configuration, at once. */
export class ConfigFault extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(sentence).join('\n'))
    this.name = 'ConfigFault'
    this.problems = problems
  }
}
