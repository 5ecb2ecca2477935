/** How the pictures look: in the light and in the dark, and to eyes that do not tell red from green. */

export const width = 760
export const height = 450
/** Where lines are drawn: the rest is for titles and for what stands at the axes. */
export const area = { left: 84, top: 98, right: width - 28, bottom: height - 58 }
export type Area = typeof area

/** After Okabe and Ito, darker on white and lighter on black. Dashes tell them apart where colours do not. */
const colours: readonly (readonly [light: string, dark: string])[] = [
  ['#0067a3', '#56b4e9'],
  ['#c24e00', '#ff9e5e'],
  ['#00805c', '#3fcfa0'],
  ['#a8457f', '#e69ac6'],
  ['#8a6d00', '#e8c547'],
  ['#5b5b5b', '#bdbdbd'],
]

const dashes: readonly string[] = ['', '7 3', '2 3', '10 3 2 3', '14 4', '5 2 1 2 1 2']

/** The class that gives the nth of them its colour. */
export const hueOf = (index: number): string => `hue${index % colours.length}`
export const dashOf = (index: number): string =>
  // A second round of colours has other dashes.
  dashes[(index + Math.floor(index / dashes.length)) % dashes.length]!

const hues = (dark: 0 | 1): string =>
  colours.map((pair, i) => `.hue${i}{stroke:${pair[dark]};fill:${pair[dark]}}`).join('')

export const style: string =
  'text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;stroke:none}' +
  '.title{font-size:16px;font-weight:600}.small{font-size:11px}.strong{font-weight:600}' +
  'path.line{fill:none}.line{stroke-width:2.25;stroke-linejoin:round;stroke-linecap:round}' +
  '.label{paint-order:stroke;stroke-width:4px;stroke-linejoin:round;font-weight:600}' +
  '.page{fill:#fff}.ink{fill:#1c2024}.soft{fill:#5c6670}.grid{stroke:#e4e7ea}.axis{stroke:#98a1ab}.mark{stroke:#5c6670}' +
  `${hues(0)}text.label{stroke:#fff}` +
  '@media(prefers-color-scheme:dark){.page{fill:#14181d}.ink{fill:#e8ebee}.soft{fill:#a3adb8}.grid{stroke:#2a3038}' +
  `.axis{stroke:#5f6975}.mark{stroke:#a3adb8}${hues(1)}text.label{stroke:#14181d}}`
