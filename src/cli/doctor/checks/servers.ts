import { type Check, fail, ok, warn } from '../finding.ts'

/** Whether every server answers, and what it wants to have put right. */
export const servers: Check = {
  name: 'servers',
  look({ servers: all }) {
    return all.flatMap(({ settings: { name, backend, tier }, up, lastError, version, advice, models, addresses }) => {
      // That its name stands for nothing is said elsewhere.
      if (!up && typeof addresses === 'string') return []
      const what = version === undefined ? backend.title : `${backend.title} ${version}`
      if (!up) {
        const text = `${name} (${backend.title}) ${lastError ?? 'does not answer'}`
        const todo = tier > 0 ? 'Check its url and its api_key.' : 'Start it, or correct its url.'
        return [fail(text, todo)]
      }
      return [
        models.length === 0
          ? warn(`${name} (${what}) answers and has no models`, 'Download one there.')
          : ok(`${name} (${what}) answers and lists ${models.length} ${models.length === 1 ? 'model' : 'models'}`),
        // It names what to do in its own words.
        ...advice.map((text) => ({ level: 'warn', text: `${name}: ${text.replace(/\.$/, '')}` }) as const),
      ]
    })
  },
}
