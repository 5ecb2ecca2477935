import { counted, type Facts, refused, unsupported, vectors } from './fact.ts'

/** llama-server, asked in the dialect of OpenAI to go on with a text, or for vectors. */
export const llamacppTextFacts: Facts = {
  'llamacpp/v1-completions-stream': { text: 'The quick brown fox', reason: 'length', ...counted(5, 4, 2) },

  'llamacpp/embeddings': { ...vectors(1, 64, 0.13151314854621887), ...counted(7, 0) },
  'llamacpp/embeddings-base64': { ...vectors(1, 64, 0.13151314854621887), ...counted(7, 0) },
  'llamacpp/embeddings-token-ids': { ...vectors(1, 64, 0.12125268578529358), ...counted(3, 0) },
  // A 500 although only the caller can mend it.
  'llamacpp/embeddings-too-long-500': refused,
  'llamacpp/embeddings-unsupported-501': unsupported,
}
