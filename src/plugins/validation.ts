import fp from 'fastify-plugin';
import type { FastifySchemaCompiler } from 'fastify';

import { compileValidator } from '../requests/validation.ts';

/**
 * Has Fastify check the parameters of paths as requests are checked. Bodies, queries and headers are checked where they are read, which
 * tells more of what is wrong: their schemas are documentation.
 */
export const validation = fp(
  (app, _options, done) => {
    const compiler: FastifySchemaCompiler<object> = ({ schema, httpPart }) => {
      if (httpPart !== 'params') return () => true;
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
  },
  { name: 'validation' },
);
