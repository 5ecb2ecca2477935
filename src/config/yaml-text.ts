import {
  type Alias,
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml'
import { ConfigFault, type Path, type Problem } from './problem.ts'
import { saidOf, tooDeep } from './syntax.ts'

/** How often what is written once may be used through aliases: enough for a file, too little for a bomb. */
const aliasesMax = 1_000

/** A piece of text in the file, wherever a value stands. */
export interface Leaf {
  readonly path: Path
  readonly text: string
  set(value: unknown): void
  /** A problem with one part of the text, placed where that part begins. */
  problem(text: string, part: string): Problem
}

/** YAML together with the positions of everything in it. */
export class YamlText {
  /** Why it cannot be read. */
  readonly broken: readonly Problem[]
  /** What is wrong with it although it can be read. */
  readonly slips: readonly Problem[]
  readonly #text: string
  readonly #file: string
  readonly #document: Document
  readonly #lines = new LineCounter()

  constructor(text: string, file: string) {
    // A mark that some editors put before the first line, and that no editor counts as a column.
    this.#text = mask(text.replace(/^\uFEFF/, ''))
    this.#file = file
    const options = { lineCounter: this.#lines, prettyErrors: false, stringKeys: true, merge: true } as const
    this.#document = parseDocument(this.#text, options)
    visit(this.#document, {
      Scalar(_, node) {
        if (typeof node.value === 'string') node.value = unmask(node.value)
      },
    })
    const { errors, warnings } = this.#document
    const isSlip = ({ code }: { code: string }): boolean => code === 'DUPLICATE_KEY' || code === 'TAG_RESOLVE_FAILED'
    const found = [...errors, ...warnings]
    this.broken = [...this.#told(found.filter((error) => !isSlip(error))), ...this.#strayAliases()]
    this.slips = this.#told(found.filter(isSlip))
  }

  leaves(): Leaf[] {
    const found: Leaf[] = []
    visit(this.#document, {
      Scalar: (key, node, ancestors) => {
        if (key !== 'key' && typeof node.value === 'string') found.push(this.#leaf(node, node.value, ancestors))
      },
    })
    return found
  }

  /** The same as plain data. */
  data(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: aliasesMax }) ?? {}
    } catch (error) {
      const isBomb = error instanceof ReferenceError
      const text = isBomb
        ? 'the aliases unfold to more than a configuration can need; write the values out'
        : 'only groups of keys can be merged by <<; write an alias of one'
      const offset = this.#lastOffset(isBomb ? 'Alias' : 'Pair')
      throw new ConfigFault([this.#placed({ path: [], text }, offset)])
    }
  }

  /** A problem with its place: at its value, at its key, or at the nearest thing around it that exists. */
  placed(problem: Problem): Problem {
    return this.#placed(problem, this.#offsetOf(problem))
  }

  #placed(problem: Problem, offset: number): Problem {
    const { line, col: column } = this.#lines.linePos(offset)
    return { ...problem, file: this.#file, line, column }
  }

  #offsetOf({ path, atKey }: Problem): number {
    if (atKey === true) {
      const around: unknown = path.length === 1 ? this.#document.contents : this.#at(path.slice(0, -1))
      const pair = isMap(around)
        ? around.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
        : undefined
      const range = (pair?.key as Node | undefined)?.range
      if (range) return range[0]
    }
    for (let length = path.length; length > 0; length -= 1) {
      const range = this.#at(path.slice(0, length))?.range
      if (range) return range[0]
    }
    return this.#document.contents?.range?.[0] ?? 0
  }

  #at(path: Path): Node | undefined {
    return this.#document.getIn(path, true) as Node | undefined
  }

  #leaf(node: Scalar, text: string, ancestors: readonly unknown[]): Leaf {
    const [begin, end] = node.range ?? [0, 0]
    const path = pathOf([...ancestors, node])
    return {
      path,
      text,
      set: (value) => {
        node.value = value
      },
      problem: (said, part) => {
        const within = unmask(this.#text.slice(begin, end)).indexOf(part)
        return this.#placed({ path, text: said }, begin + Math.max(0, within))
      },
    }
  }

  /** One slip is often told in several ways, of which the first is enough; too deep is told at every further step. */
  #told(errors: readonly { readonly code: string; readonly pos: readonly number[] }[]): Problem[] {
    const seen = new Set<number | string>()
    return errors.flatMap(({ code, pos: [offset = 0] }) => {
      const slip = code === tooDeep ? code : offset
      if (seen.has(slip)) return []
      seen.add(slip)
      return [this.#placed({ path: [], text: saidOf(code) }, offset)]
    })
  }

  #strayAliases(): Problem[] {
    const problems: Problem[] = []
    visit(this.#document, {
      Alias: (_, node: Alias) => {
        if (node.resolve(this.#document) !== undefined) return
        // The name stays unsaid: it may be a key that happens to begin with an asterisk.
        const text = 'a value that begins with * is an alias, and nothing has its name; put quotes around the value'
        problems.push(this.#placed({ path: [], text }, node.range?.[0] ?? 0))
      },
    })
    return problems
  }

  #lastOffset(what: 'Alias' | 'Pair'): number {
    let offset = 0
    visit(this.#document, {
      Alias(_, node) {
        if (what === 'Alias') offset = node.range?.[0] ?? 0
      },
      Pair(_, { key }) {
        if (what === 'Pair' && isScalar(key) && key.value === '<<') offset = key.range?.[0] ?? 0
      },
    })
    return offset
  }
}

function pathOf(chain: readonly unknown[]): Path {
  return chain.flatMap((node, i): (string | number)[] => {
    if (isPair(node)) return [String((node.key as Scalar).value)]
    const around = chain[i - 1]
    return isSeq(around) ? [around.items.indexOf(node)] : []
  })
}

/** Signs that mean something to YAML, and the noncharacters of Unicode that stand for them while it reads. */
const signs = '{}[],:#'
const firstMask = 0xfdd0

/**
 * Lets `{ key: ${NAME} }` stand without quotes: to YAML its brace would open a map. No position changes. One reference
 * within another is hidden as well, so that it is told as that; one that does not end in its quotes is no reference.
 */
export function mask(text: string): string {
  return text.replace(/\$\{(?:[^{}"\n]|\$?\{[^{}"\n]*\})*\}/g, (reference) =>
    reference.replace(/[{}[\],:#]/g, (sign) => String.fromCharCode(firstMask + signs.indexOf(sign))),
  )
}

const unmask = (text: string): string =>
  text.replace(/[\uFDD0-\uFDD6]/g, (sign) => signs[sign.charCodeAt(0) - firstMask]!)
