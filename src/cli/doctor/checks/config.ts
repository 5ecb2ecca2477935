import { type Check, fail, ok, warn } from '../finding.ts'

export const configuration: Check = {
  name: 'config',
  look({ config: { file, problems, warnings } }) {
    const advice = file === undefined ? 'Then look again.' : '"spillway check" says whether it is right.'
    if (problems.length > 0) return problems.map((problem) => fail(problem, advice))
    const told = warnings.map((warning) => warn(warning, 'Take it out, or put it right.'))
    if (file === undefined) return [ok('No spillway.yaml; servers on the usual ports of this machine are served')]
    return [ok(`${file} is valid`), ...told]
  },
}
