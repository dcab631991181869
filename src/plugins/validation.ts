import fp from 'fastify-plugin';
import type { FastifySchemaCompiler } from 'fastify';

import { compileValidator } from '../requests/validation.ts';
import { sharedSchemas } from '../schemas/all-shared-schemas.ts';

/** Has Fastify check parameters as requests are checked. Bodies are checked where they are read, by `readRequest`. */
export const validation = fp((app, _options, done) => {
  for (const schema of sharedSchemas) app.addSchema(schema);
  const compiler: FastifySchemaCompiler<object> = ({ schema, httpPart }) => {
    if (httpPart === 'body') return (data: unknown) => ({ value: data });
    const validate = compileValidator(schema);
    return (data: unknown) => {
      const error = validate(data);
      return error === undefined ? { value: data } : { error };
    };
  };
  app.setValidatorCompiler(compiler);
  // Answers are written by hand; their schemas are documentation, which tests hold the answers to.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  done();
}, { name: 'validation' });
