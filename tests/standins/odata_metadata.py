"""$metadata of small services, versions 2 and 4, with what SAP's own server of the tests does not have."""

from __future__ import annotations

_V2 = """<?xml version="1.0"?>
<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"
  xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
  xmlns:sap="http://www.sap.com/Protocols/SAPData">
 <edmx:DataServices m:DataServiceVersion="2.0">
  <Schema Namespace="SHOP" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">
   <EntityType Name="Thing">
    <Key><PropertyRef Name="Id"/></Key>
    <Property Name="Id" Type="Edm.String" Nullable="false" MaxLength="10" sap:label="Thing's number"/>
    <Property Name="Count" Type="Edm.Int32"/>
    <Property Name="Big" Type="Edm.Int64"/>
    <Property Name="Price" Type="Edm.Decimal" Precision="15" Scale="3"/>
    <Property Name="Weight" Type="Edm.Double"/>
    <Property Name="Day" Type="Edm.DateTime" sap:display-format="Date"/>
    <Property Name="At" Type="Edm.DateTime" Precision="7"/>
    <Property Name="Changed" Type="Edm.DateTimeOffset" sap:updatable="false"/>
    <Property Name="Opens" Type="Edm.Time"/>
    <Property Name="Guid" Type="Edm.Guid"/>
    <Property Name="IsNew" Type="Edm.Boolean"/>
    <Property Name="Hidden" Type="Edm.String" sap:filterable="false" sap:creatable="false"/>
    <Property Name="Place" Type="SHOP.Address"/>
    <NavigationProperty Name="to_Parts" Relationship="SHOP.A" FromRole="a" ToRole="b"/>
   </EntityType>
   <ComplexType Name="Address">
    <Property Name="City" Type="Edm.String"/>
    <Property Name="Since" Type="Edm.DateTime"/>
    <Property Name="Area" Type="Edm.Decimal"/>
   </ComplexType>
   <EntityContainer Name="C" m:IsDefaultEntityContainer="true">
    <EntitySet Name="Things" EntityType="SHOP.Thing" sap:label="All things"{attributes}/>
    {more}
   </EntityContainer>
  </Schema>
 </edmx:DataServices>
</edmx:Edmx>"""

_V4 = """<?xml version="1.0"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
 <edmx:DataServices>
  <Schema Namespace="com.shop" Alias="SELF" xmlns="http://docs.oasis-open.org/odata/ns/edm">
   <EntityType Name="Base" Abstract="true">
    <Key><PropertyRef Name="Id"/></Key>
    <Property Name="Id" Type="Edm.Int64" Nullable="false"/>
   </EntityType>
   <EntityType Name="Thing" BaseType="SELF.Base">
    <Property Name="Name" Type="Edm.String" MaxLength="40">
     <Annotation Term="Common.Label" String="What it is called"/>
    </Property>
    <Property Name="Tags" Type="Collection(Edm.String)"/>
    <Property Name="Price" Type="SELF.Money"/>
    <Property Name="Kind" Type="SELF.Kind"/>
    <Property Name="Place" Type="SELF.Address"/>
    <Property Name="Places" Type="Collection(SELF.Address)"/>
    <Property Name="Day" Type="Edm.Date"/>
    <Property Name="Changed" Type="Edm.DateTimeOffset"/>
    <NavigationProperty Name="Parts" Type="Collection(SELF.Thing)"/>
   </EntityType>
   <ComplexType Name="Address">
    <Property Name="City" Type="Edm.String"/>
    <Property Name="Area" Type="Edm.Decimal"/>
    <Property Name="Within" Type="SELF.Address"/>
   </ComplexType>
   <TypeDefinition Name="Money" UnderlyingType="Edm.Decimal"/>
   <EnumType Name="Kind"><Member Name="Small" Value="0"/></EnumType>
   <EntityContainer Name="C">
    <EntitySet Name="Things" EntityType="com.shop.Thing"/>
    {more}
   </EntityContainer>
   <Annotations Target="SELF.Thing/Changed"><Annotation Term="Core.Computed" Bool="true"/></Annotations>
   <Annotations Target="com.shop.C/Things">
    <Annotation Term="Common.Label" String="All things"/>
    <Annotation Term="Capabilities.InsertRestrictions">
     <Record><PropertyValue Property="Insertable" Bool="false"/></Record>
    </Annotation>
    <Annotation Term="Capabilities.UpdateRestrictions">
     <Record><PropertyValue Property="Updatable" Bool="true"/></Record>
    </Annotation>
   </Annotations>
  </Schema>
 </edmx:DataServices>
</edmx:Edmx>"""


def v2(more: str = "", attributes: str = "") -> bytes:
    """With the entity set Things, and more of them; `attributes` are those of Things."""
    return _V2.replace("{more}", more).replace("{attributes}", attributes and f" {attributes}").encode()


def v4(more: str = "") -> bytes:
    """With the entity set Things, and more of them."""
    return _V4.replace("{more}", more).encode()
