export type Path = readonly (string | number)[]

/** One thing that is wrong, and what to write instead. */
export interface Problem {
  readonly path: Path
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
  const place = file === undefined ? '' : line === undefined ? `${file}: ` : `${file}:${line}:${column} `
  return `${place}${path.length === 0 ? '' : `${spelled(path)}: `}${text}`
}

function spelled(path: Path): string {
  return path.reduce<string>((whole, step) => {
    if (typeof step === 'number') return `${whole}[${step}]`
    if (!/^[\w$-]+$/.test(step)) return `${whole}[${JSON.stringify(step)}]`
    return whole === '' ? step : `${whole}.${step}`
  }, '')
}

/** Everything that is wrong with a configuration, at once. */
export class ConfigFault extends Error {
  readonly code = 'invalid_config'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(sentence).join('\n'))
    this.name = 'ConfigFault'
    this.problems = problems
  }
}
