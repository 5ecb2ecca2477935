/** The other kinds of servers, each before a client whose format it speaks and one whose format it does not. */
import { anthropicSdk } from './speakers/anthropic.ts'
import { openAiChat } from './speakers/openai.ts'
import { table } from './table.ts'

table([openAiChat, anthropicSdk], ['sglang', 'lmstudio', 'exo', 'tgi', 'openai'])
