# The stack of ../hotplate.yaml for those who use Terraform (1.5 or newer) or OpenTofu: the same
# resources, so that one description is checked and kept. `terraform apply` creates the stack,
# `terraform destroy` deletes it; docs/aws.md says what comes before and after.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}

variable "name" {
  type        = string
  default     = "hotplate"
  description = "Name of the stack, and prefix of all names in it."
}

variable "parameters" {
  type        = map(string)
  description = "The template's parameters by name, except Name; docs/aws.md has them. Lists have commas."

  validation {
    condition     = contains(keys(var.parameters), "ApiAccessCidr")
    error_message = "parameters: expected ApiAccessCidr, such as your address with /32."
  }
  validation {
    condition     = !contains(keys(var.parameters), "Name")
    error_message = "parameters: expected no Name: set the variable name."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of the stack, which CloudFormation puts on its resources."
}

resource "aws_cloudformation_stack" "hotplate" {
  name               = var.name
  template_body      = file("${path.module}/../hotplate.yaml")
  capabilities       = ["CAPABILITY_NAMED_IAM"]
  parameters         = merge(var.parameters, { Name = var.name })
  tags               = var.tags
  timeout_in_minutes = 90
  on_failure         = "ROLLBACK"
}

locals {
  arrow   = "^(\\s*\\w+: ).*  # <- (\\w+)$"
  example = split("\n", file("${path.module}/../../../examples/credit-scoring-aws.yaml"))
}

output "stack" {
  description = "The template's outputs by name."
  value       = aws_cloudformation_stack.hotplate.outputs
}

output "manifest" {
  description = "examples/credit-scoring-aws.yaml with the outputs where it has an arrow."
  value = join("\n", [
    for line in local.example : can(regex(local.arrow, line)) ? join("", [
      regex(local.arrow, line)[0],
      aws_cloudformation_stack.hotplate.outputs[regex(local.arrow, line)[1]],
    ]) : line
  ])
}
