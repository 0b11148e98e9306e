const { defineConfig } = require("@medusajs/framework/utils");

// No redis: locks, events and workflows live in the one process that is started for the tests.
module.exports = defineConfig({
  admin: { disable: true },
  modules: process.env.MEDUSA_FF_RBAC === "true" ? [{ key: "rbac", resolve: "@medusajs/medusa/rbac" }] : [],
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { connection: { ssl: false } },
    http: {
      jwtSecret: process.env.JWT_SECRET,
      cookieSecret: process.env.COOKIE_SECRET,
      adminCors: process.env.CORS,
      authCors: process.env.CORS,
      storeCors: process.env.CORS,
    },
  },
});
