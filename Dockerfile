# One image for every role. Node runs the TypeScript as it stands: there is nothing to build but node_modules.

FROM node:24-slim AS modules
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without what is optional: that is a Node of npm's own, and the image has one.
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production MILLRACE_DATA_DIR=/data
COPY --from=modules /app/node_modules ./node_modules
COPY package.json schema.graphql ./
COPY bin ./bin
COPY src ./src
# Only a node that is alone writes anything, and only here: mount a volume. All others run on a read-only file system.
RUN install -d -o node -g node /data
USER node
EXPOSE 4000
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4000}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "bin/millrace.js", "serve"]
