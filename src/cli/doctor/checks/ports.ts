import { type Check, fail, type Finding, ok, warn } from '../finding.ts'

const tokenMin = 16

/** Whether the gateway can listen where it is told to, and whether it should. */
export const ports: Check = {
  name: 'ports',
  look({ ports: all, config: { config, isOpen } }) {
    const found = all.map(({ key, address, state }): Finding => {
      if (state === 'free') return ok(`${key} ${address} is free`)
      if (state === 'ours') return ok(`${key} ${address} is a Spillway that runs`)
      const advice = `Choose another ${key} address, or end what listens there.`
      return state === 'taken'
        ? fail(`${key} ${address} is taken by another program`, advice)
        : fail(`${key} ${address} cannot be listened on (${state})`, advice)
    })
    const { token } = config?.admin ?? {}
    if (token !== undefined && token.length < tokenMin)
      found.push(warn('admin.token is short enough to be guessed', `Let it have ${tokenMin} characters or more.`))
    if (isOpen && config?.callers.some(({ key }) => key.length < tokenMin))
      found.push(
        warn('A key of a caller is short enough to be guessed', `Let each have ${tokenMin} characters or more.`),
      )
    return found
  },
}
