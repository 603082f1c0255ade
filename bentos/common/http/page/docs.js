// Swagger UI on this service's own description.

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#routes",
  deepLinking: true,
  validatorUrl: null, // it would send the description's address to another host
});
