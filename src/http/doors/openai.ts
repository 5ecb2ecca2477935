import type { Json } from '../../core/json.ts'
import type { Question } from './door.ts'
import { type FleetModel, modelNamed, modelsFor, secondsOf } from './models.ts'

export function listOpenai(question: Question): Json {
  return { object: 'list', data: modelsFor(question).map(openaiModel) }
}

export function showOpenai(question: Question): Json {
  return openaiModel(modelNamed(question, question.rest))
}

function openaiModel({ name, about, contextTokens }: FleetModel): Json {
  return {
    id: name,
    object: 'model',
    created: secondsOf(about),
    owned_by: typeof about?.['owned_by'] === 'string' ? about['owned_by'] : 'library',
    ...(contextTokens !== undefined && { context_length: contextTokens, max_model_len: contextTokens }),
  }
}
