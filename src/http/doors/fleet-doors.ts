import { countTokens, isAnthropic, listAnthropic, showAnthropic } from './anthropic.ts'
import type { FleetDoor } from './door.ts'
import { running, show, tags } from './ollama.ts'
import { listOpenai, showOpenai } from './openai.ts'

/** What clients ask beside chatting. Ollama's are answered as one Ollama that has everything. */
export const fleetDoors: readonly FleetDoor[] = [
  {
    method: 'GET',
    path: '/v1/models',
    answer: (question) => (isAnthropic(question) ? listAnthropic(question) : listOpenai(question)),
  },
  {
    method: 'GET',
    path: '/v1/models/',
    answer: (question) => (isAnthropic(question) ? showAnthropic(question) : showOpenai(question)),
  },
  { method: 'POST', path: '/v1/messages/count_tokens', answer: countTokens },
  { method: 'POST', path: '/messages/count_tokens', answer: countTokens },
  { method: 'GET', path: '/', open: true, answer: () => 'Ollama is running' },
  { method: 'GET', path: '/api/hello', open: true, answer: () => ({}) },
  { method: 'GET', path: '/api/version', open: true, answer: () => ({ version: spokenVersion }) },
  // What is asked of ollama.com is not passed on.
  { method: 'GET', path: '/api/status', open: true, answer: () => ({ cloud: { disabled: true, source: 'config' } }) },
  { method: 'GET', path: '/api/tags', answer: tags },
  { method: 'GET', path: '/api/ps', answer: running },
  { method: 'POST', path: '/api/show', answer: show },
]

/** The Ollama whose API is spoken here. Clients look at it to find out what they may ask, so it is not our own version. */
const spokenVersion = '0.32.15'
