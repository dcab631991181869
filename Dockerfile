ARG NODE_VERSION=24.21.0
ARG DEBIAN=bookworm
ARG TENSORFLOW_VERSION=2.21.0

FROM node:${NODE_VERSION}-${DEBIAN}-slim AS base
WORKDIR /app

# The CPU image holds no native code but Node, so whatever processor it is for, the rest is made on the builder's own.
FROM --platform=$BUILDPLATFORM node:${NODE_VERSION}-${DEBIAN}-slim AS builder
WORKDIR /app

FROM builder AS build
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build-page.mjs scripts/math-font.mjs ./scripts/
COPY page ./page
COPY src ./src
RUN npm run build

FROM builder AS dependencies
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --omit=optional --ignore-scripts

FROM base AS gpu-dependencies
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts

# TensorFlow's own image has the library, Python and most of CUDA; Node comes to it.
FROM tensorflow/tensorflow:${TENSORFLOW_VERSION}-gpu AS gpu
LABEL org.opencontainers.image.title="surrogate-gradient-service" \
      org.opencontainers.image.description="Surrogate gradients of spiking neural networks over HTTP, on a GPU" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
RUN apt-get update \
 && apt-get install --yes --no-install-recommends build-essential \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 1000 node \
 && useradd --uid 1000 --gid node --create-home node
# From 2.18 to 2.21 the image has cuDNN 8 where its TensorFlow asks for 9, and finds no GPU: pip adds the CUDA that belongs to it.
ARG TENSORFLOW_VERSION
RUN python3 -m pip install --no-cache-dir "tensorflow[and-cuda]==${TENSORFLOW_VERSION}"
COPY --from=base /usr/local/bin/node /usr/local/bin/node
COPY --from=base /usr/local/include/node /usr/local/include/node
COPY --from=base /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm
COPY package.json LICENSE ./
COPY --from=gpu-dependencies /app/node_modules ./node_modules
COPY tools/tensorflow-install ./tools/tensorflow-install
# The headers are Node's own, so that building the addon downloads nothing. The check at its end runs on the CPU: a build sees no GPU.
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
 && npm_config_nodedir=/usr/local node tools/tensorflow-install/main.mjs --from python
COPY --from=build /app/dist ./dist
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    COMPUTE_BACKEND=auto
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=90s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/readyz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--use-largepages=silent", "--heap-growing-percent=300", "--max-inlined-bytecode-size-cumulative=2300", "dist/server.js"]

# The last stage is what `docker build .` without a target makes.
FROM base AS cpu
LABEL org.opencontainers.image.title="surrogate-gradient-service" \
      org.opencontainers.image.description="Surrogate gradients of spiking neural networks over HTTP" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/readyz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--use-largepages=silent", "--heap-growing-percent=300", "--max-inlined-bytecode-size-cumulative=2300", "dist/server.js"]
