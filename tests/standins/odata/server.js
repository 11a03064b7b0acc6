// SAP's CAP on loopback, with the rows that `rows.js` makes; GET /rows/<table> shows a table as the database holds it.
const cds = require("@sap/cds");
const rows = require("./rows.js");

cds.on("bootstrap", (app) => {
  const listen = app.listen.bind(app);
  app.listen = (port, ...rest) => listen(port, "127.0.0.1", ...rest);
  app.get("/rows/:table", async (request, response) => {
    const table = /^[A-Za-z]+$/.exec(request.params.table)[0];
    response.json(await cds.db.run(`SELECT * FROM sales_${table}`));
  });
});

cds.on("served", async () => {
  for (const [entity, entries] of Object.entries(rows())) await INSERT.into(`sales.${entity}`).entries(entries);
});

module.exports = cds.server;
