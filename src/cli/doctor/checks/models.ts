import type { Config } from '../../../config/schema.ts'
import { hasName, isPattern } from '../../../core/names.ts'
import type { Facts, ServerFacts } from '../facts.ts'
import { type Check, fail, type Finding, ok, warn } from '../finding.ts'

/** Whether the models that the configuration names are there, as it thinks they are. */
export const models: Check = {
  name: 'models',
  look(facts) {
    const up = facts.servers.filter((server) => server.up && server.models.length > 0)
    if (up.length === 0) return []
    const found = [...up.flatMap(missing), ...up.flatMap(contexts), ...up.flatMap(crowded), ...unserved(facts)]
    return found.length > 0 ? found : [ok('All models that the configuration names are there')]
  },
}

function missing({ settings: { name, serve, preload = [], context }, find }: ServerFacts): Finding[] {
  const idOf = (model: string): string => serve?.get(model) ?? model
  const gone = (all: Iterable<string>, key: string): Finding[] =>
    [...all]
      .filter((model) => !isPattern(model) && find(idOf(model)) === undefined)
      .map((model) =>
        fail(`${name} does not have ${idOf(model)}, of ${key}`, 'Download it there, or correct its name.'),
      )
  return [
    ...gone(serve?.values() ?? [], 'models.serve'),
    ...gone(preload, 'models.preload'),
    ...gone(context.keys(), 'models.context'),
  ]
}

function contexts({ settings: { name, context }, find }: ServerFacts): Finding[] {
  return [...context].flatMap(([model, tokens]) => {
    const listed = find(model)
    const has = listed?.contextTokens
    if (has === undefined) return []
    if (listed?.loaded === true && has !== tokens) {
      const text = `${name} has ${model} in memory with a context of ${has} tokens, and models.context says ${tokens}`
      return [warn(text, 'The first request has it loaded anew; let all who load it use the same.')]
    }
    if (listed?.loaded === true || has >= tokens) return []
    const text = `models.context gives ${model} at ${name} ${tokens} tokens, and it was made for ${has}`
    return [warn(text, `Set at most ${has}.`)]
  })
}

function crowded({ settings: { name, preload = [], modelsMax } }: ServerFacts): Finding[] {
  if (modelsMax === undefined || preload.length <= modelsMax) return []
  const text = `${name} is to keep ${preload.length} models in memory (models.preload), and ${modelsMax} fit (models.at_once)`
  return [fail(text, 'Preload fewer, or set at_once right.')]
}

/** What callers and stand-ins refer to, and nobody serves. */
function unserved({ config: { config }, servers }: Facts): Finding[] {
  // One that does not answer may be the one that has it.
  if (config === undefined || servers.some(({ up }) => !up)) return []
  const isServed = (model: string): boolean =>
    isPattern(model) ||
    servers.some(({ settings: { serve }, find }) =>
      serve === undefined ? find(model) !== undefined : hasName(new Set(serve.keys()), model),
    )
  return wishes(config)
    .filter(({ model }) => !isServed(model))
    .map(({ model, key }) => fail(`No server has ${model}, of ${key}`, 'Download it, or correct its name.'))
}

const wishes = ({ fallback_models: standIns, callers }: Config): { model: string; key: string }[] => [
  ...Object.values(standIns).flatMap((names) => names.map((model) => ({ model, key: 'fallback_models' }))),
  ...callers.flatMap(({ name, models: allowed = [] }) =>
    allowed.map((model) => ({ model, key: `the models of the caller ${name}` })),
  ),
]
