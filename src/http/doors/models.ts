import { Fault } from '../../core/fault.ts'
import type { Json } from '../../core/json.ts'
import { mayUse } from '../../core/scope.ts'
import type { Gateway } from '../../gateway.ts'
import type { Question } from './door.ts'

export type FleetModel = ReturnType<Gateway['fleet']['models']>[number]

/** What a caller may see of the fleet. */
export function modelsFor({ gateway, caller }: Question): readonly FleetModel[] {
  return gateway.fleet.models().filter(({ name }) => mayUse(caller, name))
}

/** One model by whatever spelling a server takes for it. */
export function modelNamed(question: Question, name: string): FleetModel {
  const { caller } = question
  const { fleet } = question.gateway
  const upstream = fleet.serving(name).find(({ up }) => up !== false)
  const canonical = upstream?.modelFor(name)?.name
  const model = canonical === undefined ? undefined : fleet.models().find((one) => one.name === canonical)
  if (model === undefined || (!mayUse(caller, name) && !mayUse(caller, model.name))) {
    throw new Fault('no-such-model', `The model '${name.slice(0, 100)}' does not exist here, or you may not use it.`)
  }
  return model
}

export const textIn = (about: Json | undefined, key: string, otherwise: string): string =>
  typeof about?.[key] === 'string' ? about[key] : otherwise

export const numberIn = (about: Json | undefined, key: string): number =>
  typeof about?.[key] === 'number' ? about[key] : 0

/** When it came to be, in seconds, as far as its server tells. */
export function secondsOf(about: Json | undefined): number {
  if (typeof about?.['created'] === 'number') return about['created']
  const modified = Date.parse(String(about?.['modified_at']))
  return Number.isNaN(modified) ? 0 : Math.floor(modified / 1_000)
}
