import { createRespond, Respond, type RespondOptions } from '../../ipc/messages/respond.js';
import { invalidBody } from '../../ipc/http/api-error.js';

/** The daemon's own request, held to the limits that requests over the socket are held to. Errors: invalid_request. */
export const createRespondRequest = (requestId: string, options: RespondOptions): Respond => {
  const parsed = Respond.safeParse(createRespond(requestId, options));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalidBody(`${issue?.path.map(String).join('.')} ${issue?.message ?? 'is malformed'}`);
};
