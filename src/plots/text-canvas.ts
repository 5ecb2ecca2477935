/** A grid of characters to draw on: two dots across and four down in each, and signs over them. */
export class Canvas {
  readonly #columns: number
  readonly #rows: number
  readonly #dots: Uint8Array
  readonly #signs = new Map<number, string>()

  constructor(columns: number, rows: number) {
    this.#columns = columns
    this.#rows = rows
    this.#dots = new Uint8Array(columns * rows)
  }

  /** Both ends are given from 0 to 1, from the left and from below. */
  line([fromX, fromY]: readonly [number, number], [toX, toY]: readonly [number, number]): void {
    const [wide, tall] = [this.#columns * 2 - 1, this.#rows * 4 - 1]
    const count = Math.max(1, Math.ceil(Math.max(Math.abs(toX - fromX) * wide, Math.abs(toY - fromY) * tall)))
    for (let step = 0; step <= count; step += 1) {
      const part = step / count
      this.#dot(Math.round((fromX + (toX - fromX) * part) * wide), Math.round((fromY + (toY - fromY) * part) * tall))
    }
  }

  mark([x, y]: readonly [number, number], sign: string): void {
    const column = Math.round(x * (this.#columns - 1))
    const row = this.#rows - 1 - Math.round(y * (this.#rows - 1))
    this.#signs.set(row * this.#columns + column, sign)
  }

  /** From the bottom to the top, under all else. */
  upright(x: number): void {
    for (let row = 0; row < this.#rows; row += 1)
      this.#signs.set(row * this.#columns + Math.round(x * (this.#columns - 1)), '┊')
  }

  get rows(): readonly string[] {
    const cells = Array.from(this.#dots, (dots, at) => this.#signs.get(at) ?? braille(dots))
    return Array.from({ length: this.#rows }, (_, row) =>
      cells.slice(row * this.#columns, (row + 1) * this.#columns).join(''),
    )
  }

  #dot(x: number, up: number): void {
    const y = this.#rows * 4 - 1 - up
    const at = Math.floor(y / 4) * this.#columns + Math.floor(x / 2)
    this.#dots[at] = this.#dots[at]! | bits[(y % 4) * 2 + (x % 2)]!
  }
}

const braille = (dots: number): string => (dots === 0 ? ' ' : String.fromCodePoint(0x28_00 + dots))

/** Of a character of braille, by its rows. */
const bits = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80] as const
