namespace sales;

type Address {
  street : String(60);
  city   : String(40);
}

entity Customers {
  key ID      : UUID;
      name    : String(80) not null;
      country : String(2);
      since   : Date;
      blocked : Boolean;
      address : Address;
      orders  : Association to many SalesOrders on orders.customer = $self;
}

entity SalesOrders {
  key ID        : Integer;
      customer  : Association to Customers;
      status    : String(30);
      note      : String(200);
      gross     : Decimal(15, 2);
      weight    : Double;
      pieces    : Integer64;
      isPaid    : Boolean;
      orderedOn : Date;
      packedAt  : Time;
      shippedAt : DateTime;
      changedAt : Timestamp @odata.etag @cds.on.insert: $now @cds.on.update: $now;
      items     : Composition of many Items on items.order = $self;
}

entity Items {
  key order    : Association to SalesOrders;
  key pos      : Integer;
      product  : String(40);
      quantity : Decimal(9, 3);
}

// Server-driven paging: a hundred records to a page, whatever a client asks for beyond.
@path: '/sales'
@requires: 'authenticated-user'
@cds.query.limit: { default: 100, max: 500 }
service SalesService {
  entity SalesOrders as projection on sales.SalesOrders;
  entity Customers as projection on sales.Customers;
  entity Items as projection on sales.Items;
  @readonly @cds.redirection.target: false entity Totals as select from sales.SalesOrders { key status, sum(gross) as gross : Decimal(15, 2) } group by status;
}

// Catalogs of services, as SAP Gateway has them: of version 2 and of version 4.
entity Listed {
  key ID                   : String(40);
      Title                : String(60);
      Description          : String(60);
      TechnicalServiceName : String(40);
      ServiceUrl           : String(120);
}

entity Groups {
  key GroupId       : String(40);
      DefaultSystem : Association to Systems;
}

entity Systems {
  key SystemAlias : String(40);
      Services    : Association to many Members on Services.system = $self;
}

entity Members {
  key ServiceId   : String(40);
      Description : String(60);
      ServiceUrl  : String(120);
      system      : Association to Systems;
}

@path: '/catalogservice'
@requires: 'authenticated-user'
@cds.query.limit: { default: 1, max: 1 }
service CatalogService {
  @readonly entity ServiceCollection as projection on sales.Listed;
}

@path: '/catalog'
@requires: 'authenticated-user'
service GroupService {
  @readonly entity ServiceGroups as projection on sales.Groups;
  @readonly entity Systems as projection on sales.Systems;
  @readonly entity Services as projection on sales.Members;
}
