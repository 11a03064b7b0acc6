// 250 customers, 1,250 orders and 2,500 items; the same ones each time.
const STATUSES = ["open", "shipped", "paid", "it's odd", "on+hold & 100%", "größer/ß"];
const COUNTRIES = ["DE", "FR", "US", null];

const customer = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const day = (n) => new Date(Date.UTC(2020, 0, 1) + n * 86400000).toISOString().slice(0, 10);

module.exports = () => ({
  Customers: Array.from({ length: 250 }, (_, n) => ({
    ID: customer(n),
    name: `Customer ${n}${n % 7 ? "" : ' "quoted" \\ back'}`,
    country: COUNTRIES[n % 4],
    since: n % 5 ? day(n) : null,
    blocked: n % 3 === 0,
    address: { street: `${n} Main St`, city: n % 2 ? "Köln" : "Nantes" },
  })),
  SalesOrders: Array.from({ length: 1250 }, (_, n) => ({
    ID: n + 1,
    customer_ID: customer(n % 250),
    status: STATUSES[n % 6],
    note: n % 10 ? `order ${n + 1}` : null,
    gross: `${(n * 7919) % 100000}.${String(n % 100).padStart(2, "0")}`,
    weight: n / 8,
    pieces: String(9007199254740000 + n),
    isPaid: n % 2 === 0,
    orderedOn: day(n),
    packedAt: `${String(n % 24).padStart(2, "0")}:${String(n % 60).padStart(2, "0")}:07`,
    shippedAt: `${day(n)}T01:02:03Z`,
    changedAt: `${day(n)}T12:34:56.${String(n % 1000).padStart(3, "0")}Z`,
  })),
  Items: Array.from({ length: 2500 }, (_, n) => ({
    order_ID: 1 + (n >> 1),
    pos: 1 + (n & 1),
    product: `product ${n % 37}`,
    quantity: `${n % 90}.125`,
  })),
  Listed: [
    { ID: "SALES_1", Title: "Sales", ServiceUrl: "http://inner.example:8000/odata/v2/sales" },
    { ID: "SALES_2", Description: "Sales again", ServiceUrl: "/odata/v2/sales-again/" },
  ],
  Groups: [{ GroupId: "SALES", DefaultSystem_SystemAlias: "LOCAL" }, { GroupId: "EMPTY" }],
  Systems: [{ SystemAlias: "LOCAL" }],
  Members: [{ ServiceId: "sales", Description: "Sales", ServiceUrl: "/sales/", system_SystemAlias: "LOCAL" }],
});
