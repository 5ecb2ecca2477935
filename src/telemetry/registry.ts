/**
 * Counters, gauges and histograms, and the text Prometheus reads them in.
 * A child is one set of label values, bound once: counting on it is an addition, and words are made only on a scrape.
 */
export class Registry {
  readonly #parts: { render(): string }[] = []

  counter(shape: Shape): Family<Counter> {
    return this.#add(new Family('counter', shape, (labels) => new Counter(shape.name, labels)))
  }

  histogram(shape: Shape & { readonly bounds: readonly number[] }): Family<Histogram> {
    return this.#add(new Family('histogram', shape, (labels) => new Histogram(shape.name, labels, shape.bounds)))
  }

  /** A gauge is never kept, only read: it cannot fall behind what it tells of. */
  gauge(shape: Shape, read: (sample: Sample) => void): void {
    this.#add({ render: () => renderRead('gauge', shape, read) })
  }

  /** A counter that somebody else keeps. */
  counted(shape: Shape, read: (sample: Sample) => void): void {
    this.#add({ render: () => renderRead('counter', shape, read) })
  }

  render(): string {
    return this.#parts.map((part) => part.render()).join('')
  }

  #add<Part extends { render(): string }>(part: Part): Part {
    this.#parts.push(part)
    return part
  }
}

export interface Shape {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
}

export type Sample = (value: number, ...labelValues: string[]) => void

interface Child {
  render(): string
}

/** Beyond this, further label values are counted together: a stranger must not be able to fill the memory of two machines. */
const childrenMax = 5_000
const beyond = 'other'

type Branch<C> = Map<string, Branch<C> | C>

/** One metric and its children, found by walking one map per label: no key is ever glued together. */
export class Family<C extends Child> {
  readonly #type: 'counter' | 'histogram'
  readonly #shape: Shape
  readonly #create: (labels: string) => C
  readonly #root: Branch<C> = new Map()
  readonly #children: C[] = []
  #rest: C | undefined

  constructor(type: 'counter' | 'histogram', shape: Shape, create: (labels: string) => C) {
    this.#type = type
    this.#shape = shape
    this.#create = create
    // Without labels there is one child, and it is there from the start: an absent zero looks like a broken scrape.
    if (shape.labels.length === 0) this.#rest = this.#born([])
  }

  with(...values: string[]): C {
    let branch = this.#root
    for (const value of values) {
      const next = branch.get(value)
      if (next === undefined) return this.#grow(values)
      if (!(next instanceof Map)) return next
      branch = next
    }
    return this.#rest!
  }

  render(): string {
    return this.#children.reduce((text, child) => text + child.render(), head(this.#type, this.#shape))
  }

  #grow(values: readonly string[]): C {
    if (this.#children.length >= childrenMax) return (this.#rest ??= this.#born(values.map(() => beyond)))
    const child = this.#born(values)
    let branch = this.#root
    for (const value of values.slice(0, -1)) {
      let next = branch.get(value)
      if (next === undefined) branch.set(value, (next = new Map()))
      branch = next as Branch<C>
    }
    branch.set(values.at(-1)!, child)
    return child
  }

  #born(values: readonly string[]): C {
    const child = this.#create(labelText(this.#shape.labels, values))
    this.#children.push(child)
    return child
  }
}

export class Counter {
  #value = 0
  readonly #line: string

  constructor(name: string, labels: string) {
    this.#line = name + braced(labels)
  }

  add(by: number): void {
    this.#value += by
  }

  render(): string {
    return `${this.#line} ${number(this.#value)}\n`
  }
}

export class Histogram {
  readonly #name: string
  readonly #labels: string
  readonly #bounds: Float64Array
  /** One more than there are bounds: the last is for what is beyond all of them. */
  readonly #counts: Float64Array
  #sum = 0

  constructor(name: string, labels: string, bounds: readonly number[]) {
    this.#name = name
    this.#labels = labels
    this.#bounds = Float64Array.from(bounds)
    this.#counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const bounds = this.#bounds
    let at = 0
    while (at < bounds.length && value > bounds[at]!) at += 1
    this.#counts[at]! += 1
    this.#sum += value
  }

  render(): string {
    const before = this.#labels === '' ? '' : `${this.#labels},`
    let text = ''
    let total = 0
    this.#counts.forEach((count, at) => {
      total += count
      text += `${this.#name}_bucket{${before}le="${number(this.#bounds[at] ?? Infinity)}"} ${total}\n`
    })
    const labels = braced(this.#labels)
    return `${text}${this.#name}_sum${labels} ${number(this.#sum)}\n${this.#name}_count${labels} ${total}\n`
  }
}

function renderRead(type: string, shape: Shape, read: (sample: Sample) => void): string {
  let text = head(type, shape)
  read((value, ...values) => {
    text += `${shape.name}${braced(labelText(shape.labels, values))} ${number(value)}\n`
  })
  return text
}

const head = (type: string, { name, help }: Shape): string =>
  `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`

const labelText = (names: readonly string[], values: readonly string[]): string =>
  names.map((name, at) => `${name}="${escaped(values[at] ?? '')}"`).join(',')

const braced = (labels: string): string => (labels === '' ? '' : `{${labels}}`)

/** Half a surrogate pair cannot be written in UTF-8, and one bad value would cost the whole scrape. */
const escaped = (value: string): string =>
  value.toWellFormed().replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

const number = (value: number): string => (value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value))
