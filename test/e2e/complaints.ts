/** How servers say, in each of the formats, that they broke down after their 200 was out. */
export interface Complaint {
  /** Where an answer in one piece would be. */
  readonly whole: string
  /** Within a stream. */
  readonly frame: string
}

const message = 'The engine broke down.'
const openAiError = JSON.stringify({ error: { message, type: 'InternalServerError', param: null, code: 500 } })
const anthropicError = JSON.stringify({ type: 'error', error: { type: 'api_error', message } })
const responsesError = JSON.stringify({ type: 'error', code: 'server_error', message, param: null, sequence_number: 9 })
const ollamaError = '{"error":"unexpected EOF"}'

const events = (whole: string, data = whole): Complaint => ({ whole, frame: `event: error\ndata: ${data}\n\n` })
// It says that it is done even when it failed.
const openAi: Complaint = { whole: openAiError, frame: `data: ${openAiError}\n\ndata: [DONE]\n\n` }
const ollama: Complaint = { whole: ollamaError, frame: `${ollamaError}\n` }

/** By the path at which it is spoken: whatever is not here is no request for an answer. */
const complaints: Readonly<Record<string, Complaint>> = {
  '/v1/chat/completions': openAi,
  '/v1/completions': openAi,
  '/v1/embeddings': openAi,
  '/v1/responses': events(openAiError, responsesError),
  '/v1/messages': events(anthropicError),
  '/api/chat': ollama,
  '/api/generate': ollama,
  '/api/embed': ollama,
  '/api/embeddings': ollama,
}

export const complaintAt = (path: string): Complaint | undefined => complaints[path.split('?', 1)[0]!]
