/**
 * The report is made of parts. A part is played by anybody who can say what it is about, whom it compares, and what follows:
 * sentences, tables, pictures, and conclusions, of which each is one number beside the bar it has to clear.
 */
import type { Conclusion } from './conclusion.ts'

/** A part before it is played. Its sentences stand in the report and on the page of the documentation alike. */
export interface PartPlan {
  /** As the command line names it. */
  readonly name: string
  readonly title: string
  /** What it shows, in a sentence or a few. */
  readonly about: string
  /** What is asked of whom, how long, how often. */
  readonly workload: string
  /** Why those who stand beside Spillway had a fair chance. */
  readonly fair: string
  /**
   * In virtual time nothing but the seed matters, so that parts play side by side. So may those that go by the clock and take
   * little of the machine, which look themselves whether they came too late. Whatever else is measured has the machine to itself.
   */
  readonly kind: 'virtual' | 'paced' | 'measured'
  /** It is ended after that, and what it has not said is reported as not measured. All parts together have 20 minutes. */
  readonly atMostMs: number
  play(how: How): Promise<Findings>
}

/** How a part is to be played. */
export interface How {
  /** Whether it works at all, in as little time as that takes; its figures mean nothing. */
  readonly quick: boolean
  /** First to last, where chance has a part; undefined for those that the part itself thinks right. */
  readonly seeds: readonly [first: number, last: number] | undefined
  /** What it does at the moment, in a few words. */
  readonly say: (doing: string) => void
}

/** What came out. */
export interface Findings {
  readonly tables: readonly Table[]
  readonly conclusions: readonly Conclusion[]
  readonly plots: readonly Plot[]
  /** What could not be measured here, each with what would help: "HAProxy is not here: apt-get install haproxy". */
  readonly notMeasured: readonly string[]
  /** Which they were: "801 to 810". */
  readonly seeds?: string
}

export const nothing: Findings = { tables: [], conclusions: [], plots: [], notMeasured: [] }

/** Numbers stay numbers, so that programs can read them; how they look is said by the column. */
export interface Table {
  readonly title: string
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
  /** How to read it, if it does not say so itself. */
  readonly note?: string
}

export interface Column {
  readonly head: string
  /** Digits behind the point; text if not said. */
  readonly digits?: number
}

/** A mean and how far its seeds lie apart; a number; a word; nothing where nothing was seen. */
export type Cell = number | string | undefined | { readonly mean: number; readonly spread: number }

/** A picture, and the file it goes to beside the report. */
export interface Plot {
  readonly name: string
  readonly alt: string
  readonly svg: string
}

/** A part that has been played. */
export interface Part extends Omit<PartPlan, 'play' | 'atMostMs'>, Findings {
  /** Plays it alone. */
  readonly command: string
  readonly tookMs: number
}

export const commandOf = (name: string): string => `npm run bench -- --part ${name}`
