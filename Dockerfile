# docker build --target cpu -t zellige .     or --target gpu, for any card with a Vulkan driver (NVIDIA: its container toolkit)
FROM denoland/deno:debian-2.9.6 AS base
WORKDIR /app
COPY deno.json deno.lock package.json ./
COPY . .
# Fetched once, while the image is built: a container starts without a network.
RUN deno install --frozen && deno cache serve.ts src/cli/train.ts workers/*.ts && mkdir -p /data && chown -R deno:deno /data /app
ENV ZELLIGE_HOST=0.0.0.0 ZELLIGE_PORT=8000 ZELLIGE_RUNS=/data/runs ZELLIGE_STORE=/data/collections.sqlite XDG_CACHE_HOME=/data/cache
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["deno", "eval", "const r = await fetch(`http://127.0.0.1:${Deno.env.get('ZELLIGE_PORT')}/livez`); Deno.exit(r.ok ? 0 : 1)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["deno", "run", "-A", "serve.ts"]

FROM base AS gpu
USER root
RUN apt-get update && apt-get install -y --no-install-recommends libvulkan1 libegl1 && rm -rf /var/lib/apt/lists/*
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics ZELLIGE_DEVICE=webgpu
USER deno

FROM base AS cpu
ENV ZELLIGE_DEVICE=cpu
USER deno
